// Imported before Ink and React, for what they read once, while they are loaded.
//
// Where `CI` is set Ink draws nothing until it ends (is-in-ci 2), and chalk takes all colours away: a screen that was
// opened on a terminal has somebody in front of it, whatever the variables say. The palette is made of 256 colours and
// obeys NO_COLOR itself, so chalk has nothing to guess. Where NODE_ENV is not set React is its development build, a third
// slower.

const { env } = process
if ('CI' in env || 'CONTINUOUS_INTEGRATION' in env || Object.keys(env).some((name) => name.startsWith('CI_'))) {
  env['CI'] = 'false'
}
env['FORCE_COLOR'] ??= '2'
env['NODE_ENV'] ??= 'production'
