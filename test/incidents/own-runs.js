// What make-own.js makes: one row a run. Versions, families, intervals, lengths and neighbours vary on purpose.

const v3 = (advertInterval, more = {}) => ({ version: 3, advertInterval, ...more })
const ipv6 = (advertInterval, more = {}) => v3(advertInterval, { family: 6, ...more })

export const runs = [
  {
    name: 'sigstop-1',
    what: 'the sender was stopped by a signal, among starting processes',
    scenario: 'sigstop',
    seconds: 2.3,
    pair: {},
    neighbours: ['cron', 'stopOther'],
  },
  {
    name: 'sigstop-2',
    what: 'the sender was stopped twice, beside a storm on the disk',
    scenario: 'sigstop',
    seconds: 1.4,
    rounds: 2,
    pair: v3(0.5, { vrid: 51 }),
    neighbours: ['disk', 'stopOther'],
  },
  {
    name: 'sigstop-3',
    what: 'the sender was stopped until its backup took over, and its parent is stopped now and then',
    scenario: 'sigstop',
    seconds: 1.6,
    pair: ipv6(0.2, { vrid: 7 }),
    neighbours: ['stopParent'],
  },
  {
    name: 'foreign-vrid-1',
    what: 'another cluster on the VRID',
    scenario: 'foreign-vrid',
    seconds: 9,
    pair: {},
    neighbours: ['cron'],
  },
  {
    name: 'healthy-1',
    what: 'nothing was done, and the machine was at work',
    scenario: 'healthy',
    seconds: 9,
    pair: v3(0.2),
    neighbours: ['disk', 'cron', 'hog'],
  },
]
