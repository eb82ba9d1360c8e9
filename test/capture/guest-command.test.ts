import { expect, test } from 'vitest'
import { parseGuestCommand, parseGuestCommands, programOf } from '../../src/capture/guest-command.ts'

test.each([
  ['lb01=ssh root@lb01', ['ssh', 'root@lb01'], false],
  [
    'instance-000000dd=ssh -p 2222  -i /root/id root@10.0.0.11',
    ['ssh', '-p', '2222', '-i', '/root/id', 'root@10.0.0.11'],
    false,
  ],
  ['a=ip netns exec qrouter-7f1c', ['ip', 'netns', 'exec', 'qrouter-7f1c'], false],
  ["a=sh -c 'ssh lb01 sh | tee /tmp/x'", ['sh', '-c', 'ssh lb01 sh | tee /tmp/x'], false],
  ['a=b "c \\"d\\" e" f\\ g \'\'', ['b', 'c "d" e', 'f g', ''], false],
  ['a=b c=d 100%', ['b', 'c=d', '100%'], false],
  // What says a stream by itself gets nothing added to it.
  ['a=zcat lb01.scap.gz |', ['zcat', 'lb01.scap.gz'], true],
  ['a=ssh root@lb01 sysdig -s 160 -w -', ['ssh', 'root@lb01', 'sysdig', '-s', '160', '-w', '-'], true],
  [
    "a=ssh root@lb01 'sysdig -w - proc.name=keepalived'",
    ['ssh', 'root@lb01', 'sysdig -w - proc.name=keepalived'],
    true,
  ],
])('%s', (text, argv, isStream) => {
  expect(parseGuestCommand(text)).toEqual({ name: text.slice(0, text.indexOf('=')), argv, isStream })
})

test.each([
  ['ssh root@lb01', 'NAME=COMMAND'],
  ['=ssh root@lb01', 'NAME=COMMAND'],
  ['7=ssh root@lb01', 'NAME=COMMAND'],
  ['../x=ssh root@lb01', 'NAME=COMMAND'],
  ['a;reboot=ssh root@lb01', 'NAME=COMMAND'],
  [`${'a'.repeat(41)}=ssh`, 'NAME=COMMAND'],
  ['lb01=', 'no command'],
  ['lb01= |', 'no command'],
  ["lb01=sh -c 'x", "a ' is not closed"],
  ['lb01=ssh lb01 \\', 'ends with a \\'],
  ['lb01=ssh lb01 | tee x', '| means something to a shell only'],
  ['lb01=ssh $HOST', '$ means something to a shell only'],
  ['lb01=ssh "$HOST"', '$ means something to a shell only'],
  ['lb01=ssh `cat host`', '` means something to a shell only'],
  ['lb01=ssh lb01 > log', '> means something to a shell only'],
  ['lb01=ssh lb01; reboot', '; means something to a shell only'],
  ['lb01=~/way-in', '~ means something to a shell only'],
])('%s is refused with a sentence', (text, sentence) => {
  expect(() => parseGuestCommand(text)).toThrow(
    expect.objectContaining({ exitCode: 2, message: expect.stringContaining(sentence) as string }) as Error,
  )
})

test('each guest has a name of its own, in the bundle as well', () => {
  expect(parseGuestCommands(['a=ssh x', 'b=ssh y']).map(({ name }) => name)).toEqual(['a', 'b'])
  expect(() => parseGuestCommands(['lb-1=ssh x', 'lb.1=ssh y'])).toThrow('called like lb-1')
})

test('a row shows the program, not the way to it', () => {
  expect(programOf(parseGuestCommand('a=/usr/bin/ssh -i key x'))).toBe('ssh')
})
