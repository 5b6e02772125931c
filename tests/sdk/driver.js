// One client of an app, as the Parse JavaScript SDK makes it: `node driver.js < settings.json`.
//
// Works with the SDK from 1.6 (callbacks and Parse.Promise) to 8.x. What it sends depends on the
// name of the client only: no clock, no chance. Rows carry the name of their client and queries
// ask for them, so clients can run side by side; all of them refer to objects that the client
// `admin` made first.
'use strict';

const assert = require('node:assert/strict');
const { readFileSync } = require('node:fs');
const path = require('node:path');

const settings = JSON.parse(readFileSync(0, 'utf8'));
const { name } = settings;
const Parse = require(path.join(settings.folder, 'node_modules', 'parse', 'node'));

Parse.initialize(settings.appId, settings.javascriptKey, settings.masterKey);
Parse.serverURL = settings.url;
if (Parse.User.enableUnsafeCurrentUser) {
  Parse.User.enableUnsafeCurrentUser();
}
const promised = value => (Parse.Promise ? Parse.Promise.as(value) : Promise.resolve(value));
Parse.CoreManager.getInstallationController().currentInstallationId = () =>
  promised(settings.installationId);

// mulberry32, seeded with the name: the same numbers in every run.
let state = Array.from(name).reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) >>> 0, 7);
const random = () => {
  state = (state + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
};
const below = limit => Math.floor(random() * limit);

const Album = Parse.Object.extend('SdkAlbum');
const Track = Parse.Object.extend('SdkTrack');
const Studio = Parse.Object.extend('SdkStudio');
const MASTER = { useMasterKey: true };

const rest = (method, url, data, options) =>
  Parse.CoreManager.getRESTController().request(method, url, data || {}, options || {});
const mine = cls => new Parse.Query(cls).equalTo('client', name);
const day = number => new Date(Date.UTC(2016, 0, number, 12, 34, 56, 789));
const ranks = rows => rows.map(row => row.get('rank'));

const fails = async (promise, ...codes) => {
  let error = null;
  try {
    await promise;
  } catch (caught) {
    error = caught;
  }
  assert.ok(error, `expected an error ${codes}`);
  assert.ok(codes.includes(error.code), `${error.code} ${error.message}, not ${codes}`);
};

const pointTo = (cls, id) => {
  const pointer = new cls();
  pointer.id = id;
  return pointer;
};

// ------------------------------------------------------------------------------- the parts

const track = (rank, album) => {
  const made = new Track();
  made.set('client', name);
  made.set('rank', rank);
  made.set('title', `Træck ${rank} of ${name} ✓`);
  made.set('seconds', 60 + below(300) + 0.5);
  made.set('live', below(2) === 1);
  made.set('recorded', day(1 + below(28)));
  made.set('tags', [`tag${rank % 3}`, `tag${rank % 5}`]);
  made.set('credits', { mixer: { name: `mixer ${below(9)}` }, takes: [1, 2, below(9)] });
  made.set('place', new Parse.GeoPoint(40 + rank / 10, -30 - rank / 10));
  made.set('cover', { __type: 'Bytes', base64: Buffer.from(`bytes ${rank}`).toString('base64') });
  made.set('album', album);
  made.set('plays', 0);
  made.set('score', 0);
  return made;
};

// Every class and column is made here: a server that gets them from several clients at the same
// time may answer by an old schema for a moment.
async function prepare() {
  const studio = new Studio();
  await studio.save({ client: name, label: 'shared studio', rank: 0 });
  const user = new Parse.User();
  user.set({ username: 'sdk-template', password: 'sdk-template', nickname: 'none', karma: 0 });
  await user.save({ email: 'template@example.org', studio }, MASTER);
  const file = new Parse.File('template.txt', { base64: 'dGVtcGxhdGU=' }, 'text/plain');
  await file.save();
  const album = new Album();
  await album.save({
    client: name, rank: 0, label: 'template', studio, visits: 0, secret: 'x', names: ['a'],
    notes: file, cover: file,
  });
  album.relation('tracks').add(await track(0, album).save());
  await album.save();
  await rest('PUT', 'config', { params: { greeting: 'welcome', limit: 42 } }, MASTER);
  const lastOne = new Studio();
  // The others name this one in their first request, so that they cannot be sent before all this.
  await lastOne.save({ client: name, label: 'open', rank: 1 });
  return { studio: studio.id, open: lastOne.id };
}

async function administrate() {
  for (let number = 0; number < 6; number += 1) {
    await pointTo(Studio, settings.shared.studio).fetch();
    const found = await mine(Studio).ascending('rank').find(MASTER);
    assert.deepEqual(ranks(found), [0, 1]);
  }
  await new Parse.Query(Parse.User).equalTo('username', 'nobody').find(MASTER);
  await Parse.Config.get();
}

async function signUp() {
  const user = new Parse.User();
  user.set('username', `sdk-${name}`);
  user.set('password', `sdk-password-${name}`);
  user.set('email', `${name}@example.org`);
  user.set('studio', pointTo(Studio, settings.shared.open));
  await user.signUp();
  assert.ok(user.getSessionToken());
  const again = new Parse.User();
  again.set('username', `sdk-${name}`);
  again.set('password', 'another');
  await fails(again.signUp(), 202);
  return user;
}

async function sessions() {
  await Parse.User.logOut();
  await fails(Parse.User.logIn(`sdk-${name}`, 'wrong'), 101);
  const user = await Parse.User.logIn(`sdk-${name}`, `sdk-password-${name}`);
  assert.equal(Parse.User.current().id, user.id);
  const session = await Parse.Session.current();
  assert.ok(session.get('sessionToken'));
  await Parse.User.become(user.getSessionToken());
  await Parse.User.current().fetch();
  await Parse.User.current().save({ nickname: `nick ${name}`, karma: below(100) });
  await Parse.User.current().increment('karma', 5).save();
  const found = await new Parse.Query(Parse.User).equalTo('username', `sdk-${name}`).first();
  assert.equal(found.get('nickname'), `nick ${name}`);
  return Parse.User.current();
}

async function objects() {
  const album = new Album();
  await album.save({
    client: name, rank: 1, label: `Album of ${name}`, visits: 1, secret: 'hidden', names: ['one'],
    studio: pointTo(Studio, settings.shared.studio),
  });
  const single = await track(100, album).save();
  await single.save({ title: 'renamed', seconds: 12.25 });
  await single.increment('plays').save();
  await single.increment('plays', 10).save();
  await single.increment('plays', -3).save();
  single.add('tags', 'late');
  await single.save();
  single.addUnique('tags', 'late');
  await single.save();
  single.remove('tags', 'late');
  await single.save();
  single.unset('credits');
  await single.save();
  const fetched = await pointTo(Track, single.id).fetch();
  assert.equal(fetched.get('plays'), 8);
  assert.equal(fetched.has('credits'), false);
  assert.equal(fetched.get('place').latitude, 50);
  await single.destroy();
  await fails(pointTo(Track, single.id).fetch(), 101);
  await fails(pointTo(Track, 'missing000').save({ title: 'nowhere' }), 101);
  return album;
}

async function lists(album) {
  const tracks = Array.from({ length: 24 }, (_, index) => track(index + 1, album));
  await Parse.Object.saveAll(tracks);
  tracks.slice(0, 12).forEach(each => each.increment('plays', each.get('rank')));
  await Parse.Object.saveAll(tracks.slice(0, 12));
  await Parse.Object.fetchAll(tracks.slice(0, 5).map(each => pointTo(Track, each.id)));
  await Parse.Object.destroyAll(tracks.slice(20));
  for (const each of tracks.slice(0, 6)) {
    await each.save({ title: `solo ${each.get('rank')}` });
  }
  return tracks.slice(0, 20);
}

const QUERIES = [
  [query => query.equalTo('rank', 7), [7]],
  [query => query.notEqualTo('rank', 1).limit(2), [2, 3]],
  [query => query.lessThan('rank', 3), [1, 2]],
  [query => query.lessThanOrEqualTo('rank', 2), [1, 2]],
  [query => query.greaterThan('rank', 18), [19, 20]],
  [query => query.greaterThanOrEqualTo('rank', 19), [19, 20]],
  [query => query.containedIn('rank', [3, 5, 99]), [3, 5]],
  [query => query.notContainedIn('rank', [1, 2]).limit(1), [3]],
  [query => query.containsAll('tags', ['tag0', 'tag1']), null],
  [query => query.equalTo('tags', 'tag2').limit(3), [2, 5, 7]],
  [query => query.exists('credits').limit(1), [1]],
  [query => query.doesNotExist('credits'), []],
  [query => query.startsWith('title', 'solo'), [1, 2, 3, 4, 5, 6]],
  [query => query.endsWith('title', '✓').limit(1), [7]],
  [query => query.contains('title', 'ck 1').limit(2), [10, 11]],
  [query => query.matches('title', /^SOLO [23]$/i), [2, 3]],
  [query => query.equalTo('credits.mixer.name', 'mixer 3'), null],
  [query => query.greaterThan('recorded', day(14)), null],
  [query => query.lessThan('recorded', day(3)), null],
  [query => query.skip(5).limit(3), [6, 7, 8]],
  [query => query.limit(0), []],
  [query => query.descending('rank').limit(2), [20, 19]],
  [query => query.descending('live').addAscending('rank').limit(4), null],
  [query => query.select('rank', 'title').limit(2), [1, 2]],
  [query => query.include('album').limit(2), [1, 2]],
  [query => query.include('album.studio').limit(1), [1]],
  [query => query.withinMiles('place', new Parse.GeoPoint(40.1, -30.1), 20), null],
  [query => query.withinGeoBox('place', new Parse.GeoPoint(40.25, -31), new Parse.GeoPoint(40.55, -30)), [3, 4, 5]],
];

async function queries(album) {
  for (const [narrow, expected] of QUERIES) {
    const found = await narrow(mine(Track).ascending('rank')).find();
    if (expected) {
      assert.deepEqual(ranks(found), expected, narrow.toString());
    }
  }
  const near = mine(Track).near('place', new Parse.GeoPoint(41.02, -31.02)).limit(3);
  assert.deepEqual(ranks(await near.find()), [10, 11, 9]);
  const either = Parse.Query.or(
    mine(Track).equalTo('rank', 4), mine(Track).greaterThan('rank', 19)
  );
  assert.deepEqual(ranks(await either.ascending('rank').find()), [4, 20]);
  const inner = new Parse.Query(Album).equalTo('label', `Album of ${name}`);
  assert.equal(await mine(Track).matchesQuery('album', inner).count(), 20);
  assert.equal(await mine(Track).doesNotMatchQuery('album', inner).count(), 0);
  const keyed = new Parse.Query(Track).equalTo('client', name).lessThan('rank', 3);
  assert.equal(await mine(Track).matchesKeyInQuery('rank', 'rank', keyed).count(), 2);
  assert.equal(await mine(Track).doesNotMatchKeyInQuery('rank', 'rank', keyed).count(), 18);
  assert.equal((await mine(Track).ascending('rank').first()).get('rank'), 1);
  assert.equal((await new Parse.Query(Album).get(album.id)).id, album.id);
  await fails(new Parse.Query(Album).get('missing000'), 101);
  const seen = [];
  await mine(Track).each(row => void seen.push(row.get('rank')), { batchSize: 30 });
  assert.equal(seen.length, 20);
}

async function relations(album, tracks) {
  const relation = album.relation('tracks');
  relation.add(tracks.slice(0, 4));
  await album.save();
  assert.deepEqual(ranks(await relation.query().ascending('rank').find()), [1, 2, 3, 4]);
  relation.remove(tracks[0]);
  await album.save();
  assert.equal(await relation.query().count(), 3);
  const parents = await mine(Album).equalTo('tracks', tracks[1]).find();
  assert.deepEqual(parents.map(each => each.id), [album.id]);
}

async function access(user, album) {
  const own = new Album();
  own.setACL(new Parse.ACL(user));
  await own.save({ client: name, rank: 2, label: 'private', secret: 'mine', names: [] });
  const open = new Parse.ACL();
  open.setPublicReadAccess(true);
  open.setWriteAccess(user, true);
  album.setACL(open);
  await album.save();
  const roleAcl = new Parse.ACL(user);
  roleAcl.setPublicReadAccess(true);
  const role = new Parse.Role(`sdk-role-${name}`, roleAcl);
  role.getUsers().add(user);
  await role.save();
  const forRole = new Parse.ACL();
  forRole.setRoleReadAccess(role, true);
  forRole.setRoleWriteAccess(role, true);
  const guarded = new Album();
  guarded.setACL(forRole);
  await guarded.save({ client: name, rank: 3, label: 'for the role', visits: 3 });
  assert.deepEqual(ranks(await mine(Album).ascending('rank').find()), [1, 2, 3]);
  const token = user.getSessionToken();
  await Parse.User.logOut();
  assert.deepEqual(ranks(await mine(Album).ascending('rank').find()), [1]);
  await fails(pointTo(Album, own.id).fetch(), 101);
  await fails(pointTo(Album, album.id).save({ label: 'taken' }), 101);
  await fails(pointTo(Album, guarded.id).destroy(), 101);
  await Parse.User.logIn(`sdk-${name}`, `sdk-password-${name}`);
  await fails(Parse.User.become(token), 209);
  await Parse.User.logIn(`sdk-${name}`, `sdk-password-${name}`);
  await pointTo(Album, guarded.id).save({ label: 'by the role' });
  await own.destroy();
}

async function files(album) {
  const text = new Parse.File('notes.txt', { base64: Buffer.from(`notes of ${name}`).toString('base64') }, 'text/plain');
  await text.save();
  assert.ok(text.url());
  await album.save({ notes: text });
  const reply = await fetch(text.url().replace(/^https?:\/\/[^/]+/, new URL(settings.url).origin));
  assert.equal(await reply.text(), `notes of ${name}`);
  const bytes = Array.from({ length: 600 }, () => below(256));
  const binary = new Parse.File('cover.png', bytes, 'image/png');
  await binary.save();
  await album.save({ cover: binary });
  const again = await new Parse.Query(Album).get(album.id);
  assert.equal(again.get('notes').name(), text.name());
}

async function cloud(tracks) {
  assert.deepEqual(await Parse.Cloud.run('parityEcho', { a: [1, { b: null }], client: name }), {
    a: [1, { b: null }],
    client: name,
  });
  for (const kind of ['string', 'integer', 'fraction', 'date', 'geoPoint', 'object', 'array', 'nestedDate']) {
    await Parse.Cloud.run('parityValue', { kind });
  }
  assert.equal((await Parse.Cloud.run('parityWhoAmI')).username, `sdk-${name}`);
  await Parse.Cloud.run('parityDescribe', { when: day(3), where: new Parse.GeoPoint(1, 2), none: null });
  await fails(Parse.Cloud.run('parityFail', { how: 'parse', code: 142, message: 'no' }), 142);
  await fails(Parse.Cloud.run('parityFail', { how: 'string', message: 'no' }), 141);
  await fails(Parse.Cloud.run('parityAbsent'), 141);
  const found = await Parse.Cloud.run('parityFind', {
    className: 'SdkTrack', equal: { client: name, rank: 2 }, order: 'rank',
  });
  assert.equal(found[0].id, tracks[1].id);
  const increment = { className: 'SdkTrack', objectId: tracks[2].id, amount: 4 };
  assert.equal(await Parse.Cloud.run('parityIncrement', increment), 4);
}

async function device() {
  const created = await rest('POST', 'installations', {
    installationId: settings.installationId,
    deviceType: 'ios',
    deviceToken: Array.from({ length: 64 }, () => below(16).toString(16)).join(''),
    channels: ['', `news-${name}`],
    badge: 0,
  });
  assert.ok(created.objectId);
  await rest('PUT', `installations/${created.objectId}`, { badge: 3, timeZone: 'Europe/Oslo' });
  const config = await Parse.Config.get();
  assert.equal(config.get('limit'), 42);
  await rest('POST', 'events/AppOpened', { at: { __type: 'Date', iso: '2016-01-28T00:00:00.000Z' } });
}

async function use() {
  await signUp();
  const user = await sessions();
  const album = await objects();
  const tracks = await lists(album);
  await queries(album);
  await relations(album, tracks);
  await files(album);
  await cloud(tracks);
  await device();
  await access(user, album);
  await Parse.Object.destroyAll(tracks.slice(15));
  assert.equal(await mine(Track).count(), 15);
  await Parse.User.logOut();
  return {};
}

const parts = { prepare, administrate, use };

parts[settings.part]().then(
  result => process.stdout.write(`${JSON.stringify({ version: Parse.VERSION, ...result })}\n`),
  error => {
    process.stderr.write(`${name}: ${(error && error.code) || ''} ${(error && error.stack) || error}\n`);
    process.exitCode = 1;
  }
);
