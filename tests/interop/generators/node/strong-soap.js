// Reads a contract with strong-soap and says what it has: `node strong-soap.js contract.wsdl`.
const { soap } = require('strong-soap');

soap.createClient(process.argv[2], {}, (error, client) => {
  if (error) throw error;
  console.log(JSON.stringify(client.describe()));
});
