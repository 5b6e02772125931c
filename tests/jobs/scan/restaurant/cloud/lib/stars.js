var P = Parse;

module.exports = {
  average: function (rows) {
    return rows.length;
  },
  publish: function (req, res) {
    var me = P.User.current();
    P.Promise.when([me.fetch()]).then(function () {
      return P.Push.send({ channels: ['news'], data: { alert: 'new' } });
    }).then(function () {
      res.success();
    });
  },
};
