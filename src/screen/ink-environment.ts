// Imported before Ink and React, for what they read once, while they are loaded: where NODE_ENV is not set React is its
// development build, a third slower.

process.env['NODE_ENV'] ??= 'production'
