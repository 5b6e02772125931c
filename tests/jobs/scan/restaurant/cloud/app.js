var express = require('express');
var https = require('parse-express-https-redirect');
var app = express();

app.set('views', 'cloud/views');
app.use(https());
app.get('/menu', function (req, res) {
  res.render('menu', { api: 'https://api.parse.com/1' });
});
app.post('/order', function (request, response) {
  response.success = true;
  response.send('ok');
});
app.listen();
