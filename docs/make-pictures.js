// Takes the README's pictures from the real program: the replay of a recorded incident in tmux, its screen captured with its
// colours, as SVG. The same pictures on every machine.
//
//   npm run pictures            needs tmux; writes docs/pictures/*.svg
//
// tmux's `capture-pane -e` gives the text with SGR sequences; everything else has been carried out by then.

import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

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

const shown = () => tmux('capture-pane', '-p', '-t', session)

async function waitFor(pattern) {
  for (let i = 0; i < 240; i++) {
    if (pattern.test(shown())) return
    await sleep(250)
  }
  throw new Error(`nothing on the screen fits ${pattern}`)
}

/** One run of the program; `act` presses keys and takes pictures. */
async function run(columns, rows, command, act) {
  try {
    tmux('kill-session', '-t', session)
  } catch {
    // None is there.
  }
  tmux('new-session', '-d', '-s', session, '-x', `${columns}`, '-y', `${rows}`, command)
  await act({
    waitFor,
    async press(...keys) {
      for (const key of keys) {
        tmux('send-keys', '-t', session, key)
        await sleep(700)
      }
    },
    take(name) {
      const screen = tmux('capture-pane', '-e', '-p', '-t', session)
      writeFileSync(new URL(`${name}.svg`, folder), svgOf(screen, columns, rows))
    },
  })
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

/** A guest that a cron job on its host stops for 2.6 s, between disks that are busy and have nothing to do with it. */
const replay = `node bin/whylate.js replay ${fileURLToPath(new URL('../test/captures/own/guest-sigstop-1.whylate.tgz', import.meta.url))}`

// The walk-through: from the first frame to the culprit, and to the call that did it.
await run(80, 24, replay, async ({ press, take, waitFor: until }) => {
  await until(/ the end /)
  take('walk-1-first-frame')
  await press('Enter')
  take('walk-2-window')
  await press('Enter')
  take('walk-3-culprit')
})
await run(200, 50, replay, async ({ press, take, waitFor: until }) => {
  await until(/ the end /)
  await press('t', 'j', 'j', 'j', 'j')
  await until(/AT 19:11/)
  take('timeline')
})
