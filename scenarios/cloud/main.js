// The cloud code that suites/cloud calls. One file for both generations of the API:
// (request, response) before Parse Server 3.0, async (request) from 3.0 on.
//
// Every function and job starts with `parity`, every class with a trigger with `Parity`, so that
// a team can load this file beside its own cloud code. A change that a check could notice raises
// FIXTURE_VERSION, and FIXTURE_VERSION in parity/targets/probes.py with it.
'use strict';

const FIXTURE_VERSION = 1;

// Parse.Promise left the SDK in 2.0, which came with Parse Server 3.0.
const CALLS_BACK = typeof Parse.Promise === 'function';
const MASTER = { useMasterKey: true };

// What `response.error` takes, from what a handler threw: a code goes through, an Error does not.
const reject = (response, error) =>
  error instanceof Parse.Error
    ? response.error(error.code, error.message)
    : response.error((error && error.message) || error);

const answering = handler =>
  CALLS_BACK
    ? (request, response) => {
        Promise.resolve()
          .then(() => handler(request))
          .then(
            result => response.success(result),
            error => reject(response, error)
          );
      }
    : request => handler(request);

// Parse Server 2.8.4 and 9.10.0 both die of a result that cannot be encoded, such as a file without
// a URL: they encode it where nobody catches. Encode it here first, so that it is an error.
const encodable = result => {
  Parse._encode(result);
  return result;
};

const define = (name, handler, validator) =>
  Parse.Cloud.define(
    name,
    answering(async request => encodable(await handler(request))),
    validator
  );

// The options with which a function acts: as nobody, as the caller, or with the master key.
const acting = (request, as) => {
  if (as === 'master') {
    return MASTER;
  }
  const token = request.user && request.user.getSessionToken();
  return as === 'user' && token ? { sessionToken: token } : {};
};

const query = (className, equal) => {
  const made = new Parse.Query(className);
  Object.keys(equal || {}).forEach(key => made.equalTo(key, equal[key]));
  return made;
};

const who = request => ({
  userId: request.user ? request.user.id : null,
  username: request.user ? request.user.get('username') : null,
  master: Boolean(request.master),
  installationId: request.installationId || null,
});

const failure = ({ how, code, message }) => {
  switch (how) {
    case 'string':
      return message;
    case 'error':
      return new Error(message);
    case 'parse':
      return new Parse.Error(code, message);
    default:
      return new Error(`no way to fail is called ${how}`);
  }
};

// ---------------------------------------------------------------- functions: values

define('parityFixture', () => FIXTURE_VERSION);

// Makes the classes of the triggers below, for servers where clients may not.
define('parityPrepare', async () => {
  for (const className of ['ParityHooked', 'ParityLogged', 'ParityLog', 'ParityFound']) {
    const made = await new Parse.Object(className).save(null, MASTER);
    await made.destroy(MASTER);
  }
});

define('parityEcho', request => request.params);

const VALUES = {
  string: () => 'Ünï-cødé ✓ 🎉 "quoted" \\ \u0001',
  empty: () => '',
  integer: () => 1337,
  fraction: () => -0.125,
  large: () => 9007199254740991,
  zero: () => 0,
  true: () => true,
  false: () => false,
  null: () => null,
  nothing: () => undefined,
  array: () => [1, 'two', null, [3, { four: 4 }]],
  emptyArray: () => [],
  object: () => ({ a: { b: { c: [true] } }, 'with space': 1 }),
  emptyObject: () => ({}),
  date: () => new Date(Date.UTC(2016, 0, 28, 12, 34, 56, 789)),
  geoPoint: () => new Parse.GeoPoint(40.5, -30.25),
  nestedDate: () => ({ when: [new Date(Date.UTC(2016, 0, 28, 12, 34, 56, 7))] }),
};

define('parityValue', request => VALUES[request.params.kind]());

const describe = value => {
  if (value === null) {
    return 'null';
  }
  if (Array.isArray(value)) {
    return value.map(describe);
  }
  if (value instanceof Date) {
    return `Date ${value.getTime()}`;
  }
  if (value instanceof Parse.File) {
    return `File ${value.name()}`;
  }
  if (value instanceof Parse.Object) {
    return `Object ${value.className} ${value.id}`;
  }
  if (value && value.__type) {
    return `plain ${value.__type}`;
  }
  if (typeof value === 'object') {
    return `object ${Object.keys(value).sort().join()}`;
  }
  return `${typeof value} ${value}`;
};

define('parityDescribe', request => {
  const described = {};
  Object.keys(request.params).forEach(key => {
    described[key] = describe(request.params[key]);
  });
  return described;
});

define('parityLarge', request => ({ text: 'ö'.repeat(request.params.length) }));

// ---------------------------------------------------------------- functions: the caller

define('parityWhoAmI', who);

define('parityHeader', request => request.headers[request.params.name] || null);

define('paritySlow', async request => {
  await new Promise(resolve => setTimeout(resolve, request.params.ms));
  return who(request);
});

define('parityCurrentUser', () => {
  const user = Parse.User.current();
  return user ? user.id : null;
});

define('parityNested', request =>
  Parse.Cloud.run('parityWhoAmI', {}, acting(request, request.params.as))
);

define('parityCan', request => typeof Parse.Cloud[request.params.name] === 'function');

// ---------------------------------------------------------------- functions: failing

define('parityFail', request => {
  throw failure(request.params);
});

define('parityFailInside', () => new Parse.Query('ParityNothing').get('missing000', MASTER));

define('parityValidated', () => 'accepted', request => request.params.pass === true);

// As cloud code was written for the hosted service: the result goes to `response`.
Parse.Cloud.define('parityCallbacks', function (request, response) {
  if (request.params.fail) {
    response.error(request.params.fail);
  } else {
    response.success('called back');
  }
});

// ---------------------------------------------------------------- functions: objects

define('parityFind', request => {
  const { className, equal, as, order, include } = request.params;
  const made = query(className, equal).ascending(order || 'createdAt');
  return (include ? made.include(include) : made).find(acting(request, as));
});

define('parityFindNested', async request => {
  const rows = await query(request.params.className).ascending('rank').find(MASTER);
  return { first: rows[0], others: { rows: rows.slice(1) }, length: rows.length };
});

define('parityFirst', request =>
  query(request.params.className, request.params.equal).first(acting(request, request.params.as))
);

define('parityCount', request =>
  query(request.params.className, request.params.equal).count(acting(request, request.params.as))
);

define('parityCountAfterUseMasterKey', request => {
  if (Parse.Cloud.useMasterKey) {
    Parse.Cloud.useMasterKey();
  }
  return query(request.params.className).count();
});

define('parityCreate', request => {
  const made = new Parse.Object(request.params.className);
  return made.save(request.params.fields, acting(request, request.params.as));
});

define('parityUpdate', async request => {
  const { className, objectId, fields, as } = request.params;
  const made = new Parse.Object(className);
  made.id = objectId;
  await made.save(fields, acting(request, as));
  return made.id;
});

define('parityIncrement', async request => {
  const made = new Parse.Object(request.params.className);
  made.id = request.params.objectId;
  made.increment('score', request.params.amount);
  await made.save(null, MASTER);
  return made.get('score');
});

define('parityDestroy', async request => {
  const made = new Parse.Object(request.params.className);
  made.id = request.params.objectId;
  await made.destroy(acting(request, request.params.as));
  return 'destroyed';
});

define('paritySaveAll', async request => {
  const { className, ranks } = request.params;
  const rows = ranks.map(rank => {
    const made = new Parse.Object(className);
    made.set('rank', rank);
    return made;
  });
  const saved = await Parse.Object.saveAll(rows, MASTER);
  return saved.map(each => each.id);
});

// ---------------------------------------------------------------- triggers

const trigger = (kind, className, handler) =>
  Parse.Cloud[kind](className, answering(handler));

// After-triggers return a promise in both generations, and the save waits for it.
const triggerAfter = (kind, className, handler) =>
  Parse.Cloud[kind](className, request => handler(request));

const HOOKS = {
  stamp: ({ object }) => {
    object.set('shout', object.get('name').toUpperCase());
    object.set('stamped', new Date(Date.UTC(2016, 0, 28)));
  },
  fail: ({ object }) => {
    throw failure(object.get('failure'));
  },
  describe: request => {
    const { object, original } = request;
    object.set('seen', {
      isNew: object.isNew(),
      existed: object.existed(),
      id: object.id || null,
      original: original ? original.get('name') : null,
      name: object.get('name'),
      kept: object.has('kept') ? object.get('kept') : null,
      dirty: object.dirtyKeys().filter(key => key !== 'seen').sort(),
      dirtyName: object.dirty('name'),
      user: who(request).userId,
      master: who(request).master,
    });
  },
  own: ({ object, user }) => {
    object.set('owner', user);
    object.setACL(new Parse.ACL(user));
  },
  hide: ({ object }) => object.unset('secret'),
  bump: ({ object }) => object.increment('saves'),
  count: async ({ object }) => {
    const others = await query('ParityHooked', { group: object.get('group') }).count(MASTER);
    object.set('others', others);
  },
  unique: async ({ object }) => {
    const others = await query('ParityHooked', { group: object.get('group') }).count(MASTER);
    if (others > 0) {
      throw new Parse.Error(137, 'this group is taken');
    }
  },
  none: () => undefined,
};

// A result of beforeSave would stand for the object, so there is none.
trigger('beforeSave', 'ParityHooked', async request => {
  await (HOOKS[request.object.get('hook')] || HOOKS.none)(request);
});

const log = (event, request) => {
  const entry = new Parse.Object('ParityLog');
  return entry.save(
    Object.assign(who(request), {
      event,
      about: request.object.id,
      name: request.object.get('name'),
      existed: request.object.existed(),
      original: request.original ? request.original.get('name') : null,
    }),
    MASTER
  );
};

triggerAfter('afterSave', 'ParityLogged', async request => {
  await log('afterSave', request);
  if (request.object.get('failAfter')) {
    throw new Error('the trigger fails after the save');
  }
});

trigger('beforeDelete', 'ParityLogged', async request => {
  if (request.object.get('locked')) {
    throw 'this object is locked';
  }
  if (request.object.get('failure')) {
    throw failure(request.object.get('failure'));
  }
});

triggerAfter('afterDelete', 'ParityLogged', request => log('afterDelete', request));

// beforeFind and afterFind are Parse Server's own; beforeFind never had a response.
if (Parse.Cloud.beforeFind) {
  Parse.Cloud.beforeFind('ParityFound', request => {
    request.query.equalTo('visible', true);
  });
}
if (Parse.Cloud.afterFind) {
  trigger('afterFind', 'ParityFound', request => {
    request.objects.forEach(each => each.set('found', true));
    return request.objects;
  });
}

// ---------------------------------------------------------------- jobs

// A job of the old generation tells its status when it ends.
Parse.Cloud.job('parityJob', function (request, status) {
  const entry = new Parse.Object('ParityLog');
  const saved = entry.save({ event: 'job', about: request.params.about }, MASTER);
  return CALLS_BACK ? saved.then(() => status.success('done')) : saved.then(() => 'done');
});
