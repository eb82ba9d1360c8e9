// Takes the README's pictures from the real program: a drill in tmux, its screen captured with its colours, as SVG.
//
//   npm run pictures            needs root and tmux; writes docs/pictures/*.svg
//
// tmux's `capture-pane -e` gives the text with SGR sequences; everything else has been carried out by then.

import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const session = 'whylate-pictures'
const folder = new URL('pictures/', import.meta.url)
const cell = { width: 8.4, height: 17 }
const colours = ['#3b4048', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#d7dae0']
const plain = { fill: '#d7dae0', bold: false, dim: false, inverse: false }

const tmux = (...args) => execFileSync('tmux', args, { encoding: 'utf8' })

/** The 256-colour cube and greys, for what the palette asks for beyond the first sixteen. */
function colourOf(index) {
  if (index < 16) return colours[index % 8]
  if (index >= 232)
    return `rgb(${Array(3)
      .fill(8 + (index - 232) * 10)
      .join(',')})`
  const level = (n) => (n === 0 ? 0 : 55 + n * 40)
  const at = index - 16
  return `rgb(${level(Math.floor(at / 36))},${level(Math.floor(at / 6) % 6)},${level(at % 6)})`
}

function styled(style, codes) {
  const next = { ...style }
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]
    if (code === 0) Object.assign(next, plain)
    else if (code === 1) next.bold = true
    else if (code === 2) next.dim = true
    else if (code === 7) next.inverse = true
    else if (code === 22) Object.assign(next, { bold: false, dim: false })
    else if (code === 27) next.inverse = false
    else if (code === 39) next.fill = plain.fill
    else if (code >= 30 && code <= 37) next.fill = colours[code - 30]
    else if (code >= 90 && code <= 97) next.fill = colours[code - 90]
    else if (code === 38 && codes[i + 1] === 5) {
      next.fill = colourOf(codes[i + 2])
      i += 2
    } else if (code === 38 && codes[i + 1] === 2) {
      next.fill = `rgb(${codes.slice(i + 2, i + 5).join(',')})`
      i += 4
    }
  }
  return next
}

const escape = String.fromCharCode(27)
const sgrPattern = new RegExp(`(${escape}\\[[0-9;]*m)`)
const sgrWhole = new RegExp(`^${escape}\\[([0-9;]*)m$`)

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

function svgOf(screen, columns, rows) {
  const width = columns * cell.width + 24
  const height = rows * cell.height + 24
  const parts = []
  let style = plain
  screen.split('\n').forEach((line, row) => {
    let column = 0
    for (const piece of line.split(sgrPattern)) {
      const sgr = sgrWhole.exec(piece)
      if (sgr !== null) {
        style = styled(style, sgr[1] === '' ? [0] : sgr[1].split(';').map(Number))
        continue
      }
      const text = piece.replaceAll(/\p{Cc}/gu, '')
      if (text === '') continue
      const length = [...text].length
      const x = 12 + column * cell.width
      const y = 12 + row * cell.height
      if (style.inverse)
        parts.push(
          `<rect x="${x}" y="${y}" width="${length * cell.width}" height="${cell.height}" fill="${style.fill}"/>`,
        )
      const weight = `${style.bold ? ' font-weight="bold"' : ''}${style.dim ? ' opacity="0.6"' : ''}`
      if (text.trim() !== '')
        parts.push(
          `<text x="${x}" y="${y + 13}" fill="${style.inverse ? '#1e2127' : style.fill}" textLength="${length * cell.width}"${weight} xml:space="preserve">${escaped(text)}</text>`,
        )
      column += length
    }
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14"><rect width="100%" height="100%" rx="8" fill="#1e2127"/>${parts.join('\n')}</svg>\n`
}

async function take(name, columns, rows, act) {
  try {
    tmux('kill-session', '-t', session)
  } catch {
    // None is there.
  }
  tmux('new-session', '-d', '-s', session, '-x', `${columns}`, '-y', `${rows}`, 'node bin/whylate.js drill --watch')
  for (let i = 0; i < 240 && !/LATE 1 of 1/.test(tmux('capture-pane', '-p', '-t', session)); i++) await sleep(250)
  await sleep(3000)
  await act()
  writeFileSync(new URL(`${name}.svg`, folder), svgOf(tmux('capture-pane', '-e', '-p', '-t', session), columns, rows))
  tmux('send-keys', '-t', session, 'q')
  for (let i = 0; i < 60; i++) {
    await sleep(250)
    try {
      tmux('has-session', '-t', session)
    } catch {
      return
    }
  }
}

await take('first-frame', 80, 24, () => sleep(0))
await take('window', 110, 34, async () => {
  tmux('send-keys', '-t', session, 'Enter')
  await sleep(800)
})
