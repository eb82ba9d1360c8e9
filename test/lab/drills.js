// `whylate drill`, `audit` and `doctor` in the guest: the one kernel here that has nothing but cgroup version 2, with its cpu, io and
// memory controllers, and on which the real sysdig is the engine.

/** What a guest of two emulated CPUs, a small memory and no disk can play. `drill list` has them all. */
export const drillsInside = ['freezer', 'quota', 'quota-neighbour', 'slow-disk', 'paging', 'healthy']

const program = 'node /opt/whylate/bin/whylate.js'
/** Node is slow on an emulated CPU: half a minute passes before it says anything. */
const limitMs = 600_000

/** Its output, and how it ended. */
async function runInside(pair, command) {
  const said = await pair.inGuest(`${program} ${command} </dev/null; echo "exit code $?"`, limitMs)
  const [, code = ''] = /exit code (\d+)\s*$/.exec(said) ?? []
  return { words: said, code: Number(code) }
}

export async function playDrill(pair, name, engine) {
  const startedMs = performance.now()
  const { words: said } = await runInside(pair, `drill ${name} --engine ${engine}`)
  const [, mark] = /^ {2}(right|open|WRONG)\b/m.exec(said) ?? []
  const found = [...said.matchAll(/^ {2}found {2}(.*)$/gm)].map(([, text]) => text)
  const done = /^ {2}done {3}(.*)$/m.exec(said)?.[1] ?? ''
  const left = await pair.inGuest('ls -d /run/whylate-* /sys/fs/cgroup/whylate-* 2>/dev/null; ls /run/netns')
  return {
    mark: mark ?? 'not played',
    done,
    found,
    left: left.trim(),
    words: said,
    seconds: (performance.now() - startedMs) / 1000,
  }
}

/** Whether each came to an end of its own, and its words. */
export async function askInside(pair) {
  const doctor = await runInside(pair, 'doctor')
  const audit = await runInside(pair, 'audit')
  return [
    {
      name: 'doctor',
      ...doctor,
      isRight: /^sysdig +works/m.test(doctor.words) && /^sysdig .*works here/m.test(doctor.words),
    },
    { name: 'audit', ...audit, isRight: /keepalived/.test(audit.words) && audit.code !== 1 },
  ]
}
