// Imported before Ink and React, for what they read once, while they are loaded.
//
// Where `CI` is set Ink draws nothing until it ends (is-in-ci 2): a screen that was opened on a terminal has somebody
// in front of it, whatever the variables say. Where NODE_ENV is not set React is its development build, a third slower.

process.env['CI'] = 'false'
process.env['CONTINUOUS_INTEGRATION'] = 'false'
process.env['NODE_ENV'] ??= 'production'
