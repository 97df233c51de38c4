// Reads a contract with node soap and says what it has: `node soap.js contract.wsdl`.
const soap = require('soap');

soap.createClientAsync(process.argv[2]).then((client) => {
  console.log(JSON.stringify(client.describe()));
});
