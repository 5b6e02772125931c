// The cloud code of the suites, on a server that hashes passwords with 16 rounds of bcrypt and not
// with 1,024: in pure JavaScript one log-in takes a tenth of a second, and tests make hundreds.
const path = require('node:path');

const loaded = Object.keys(require.cache).find((name) => /[\\/]bcryptjs[\\/]/.test(name));
const bcrypt = require.cache[loaded].exports;
const hash = bcrypt.hash;
bcrypt.hash = (password, _, ...others) => hash(password, 4, ...others);

require(path.join(__dirname, '../../scenarios/cloud/main.js'));
