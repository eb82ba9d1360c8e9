// keepalived.conf as blocks of words, enough to see what delays adverts. Passwords are never kept.
//
//   vrrp_instance VI_1 {                 a block: its words, then its statements
//       virtual_router_id 51   # text    a comment: from # or !
//       track_script { chk }             a block on one line
//   }
//
// Source: keepalived.conf(5), lib/parser.c. `include` is not followed, and told.

export interface Block {
  readonly words: readonly string[]
  readonly inside: readonly Block[]
}

const secret = /^(?:auth_pass|auth_hmac|password|smtp_.*pass.*)$/
const mostDepth = 32

function tokensOf(text: string): string[] {
  const bare = text.replace(/"([^"\n]*)"/g, (_, quoted: string) => quoted.replace(/[\s{}#!]/g, '_'))
  return bare
    .split('\n')
    .map((line) => line.replace(/(?:^|\s)[#!].*$/, ''))
    .flatMap((line) => [...(line.match(/[{}]|[^\s{}]+/g) ?? []), '\n'])
}

/** Never throws: what does not close is closed by the end of the file. */
export function parseKeepalivedConf(text: string): readonly Block[] {
  const root: Block[] = []
  const open: Block[][] = [root]
  let words: string[] = []
  const finish = (inside: readonly Block[]): void => {
    const [first = ''] = words
    if (words.length > 0) open.at(-1)?.push({ words: secret.test(first) ? [first] : words, inside })
    words = []
  }
  for (const token of tokensOf(text)) {
    if (token === '{' && open.length < mostDepth) {
      const inside: Block[] = []
      finish(inside)
      open.push(inside)
    } else if (token === '}') {
      finish([])
      if (open.length > 1) open.pop()
    } else if (token === '\n') finish([])
    else words.push(token)
  }
  finish([])
  return root
}

export function blocksOf(blocks: readonly Block[], name: string): readonly Block[] {
  return blocks.filter(({ words }) => words[0] === name)
}

/** The last word of the last statement of that name, which is the one that counts. */
export function valueOf({ inside }: Block, name: string): string | undefined {
  return blocksOf(inside, name).at(-1)?.words[1]
}
