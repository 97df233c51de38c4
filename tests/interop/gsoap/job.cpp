// The main job with gSOAP: a proxy generated from the contract (wsdl2h, soapcpp2), and gSOAP's own HTTP for the bytes.

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "FileManagerSoap.nsmap"
#include "soapFileManagerSoapProxy.h"

using std::string;

static FileManagerSoapProxy *proxy;
static const char *user, *password;

// gSOAP forgets the credentials with every call.
static FileManagerSoapProxy &manager() {
  proxy->soap->userid = user;
  proxy->soap->passwd = password;
  return *proxy;
}

template <class Value>
static void say(const string &key, const Value &value) {
  std::cout << key << ' ' << value << '\n';
}

static void require(int status) {
  if (status == SOAP_OK) return;
  proxy->soap_stream_fault(std::cerr);
  std::exit(1);
}

static string utc(time_t instant) {
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&instant));
  return text;
}

static string percent_encoded(const string &text) {
  std::ostringstream encoded;
  encoded << std::hex << std::uppercase;
  for (unsigned char byte : text) {
    if (std::isalnum(byte) || byte == '.') encoded << byte;
    else encoded << '%' << (byte >> 4) << (byte & 15);
  }
  return encoded.str();
}

template <class Values>
static string property_of(const Values &properties, const string &key) {
  for (const fm__Property *each : properties)
    if (each->key == key) return each->value;
  return "";
}

// Headers of an endpoint, as gSOAP takes them: lines beneath its own.
static string headers_of(const fm__Endpoint &endpoint) {
  string lines;
  for (const fm__Header *each : endpoint.header) lines += (lines.empty() ? "" : "\r\n") + each->name + ": " + each->value;
  return lines;
}

static int put(const fm__Endpoint &endpoint, const string &bytes) {
  struct soap *http = soap_new1(SOAP_IO_STORE);
  const string headers = headers_of(endpoint);
  if (!headers.empty()) http->http_extra_header = headers.c_str();
  soap_PUT(http, endpoint.url.c_str(), NULL, "application/octet-stream") ||
      soap_send_raw(http, bytes.data(), bytes.size()) || soap_end_send(http) || soap_recv_empty_response(http);
  const int status = http->status ? http->status : http->error;
  soap_closesock(http);
  soap_end(http);
  soap_free(http);
  return status;
}

static int get(const fm__Endpoint &endpoint, string &bytes) {
  struct soap *http = soap_new();
  const string headers = headers_of(endpoint);
  if (!headers.empty()) http->http_extra_header = headers.c_str();
  if (soap_GET(http, endpoint.url.c_str(), NULL) == SOAP_OK && soap_begin_recv(http) == SOAP_OK) {
    size_t length = 0;
    const char *body = soap_http_get_body(http, &length);
    if (body) bytes.assign(body, length);
    soap_end_recv(http);
  }
  const int status = http->status ? http->status : 200;
  soap_closesock(http);
  soap_end(http);
  soap_free(http);
  return status;
}

// What a call answered that must fail: each declared fault is a member of the detail.
static void report_fault(const string &key, int status) {
  const SOAP_ENV__Fault *fault = proxy->soap_fault();
  const SOAP_ENV__Detail *detail = status == SOAP_OK || !fault ? NULL : fault->detail;
  if (!detail) return require(status);
  const fm__FaultDetail *found = NULL;
  if ((found = detail->fm__NotFound)) say(key, "NotFound");
  else if ((found = detail->fm__Conflict)) say(key, "Conflict");
  else if ((found = detail->fm__WrongKind)) say(key, "WrongKind");
  else if ((found = detail->fm__Invalid)) say(key, "Invalid");
  else return require(status);
  say(key + ".name", found->name);
  say(key + ".message", found->message);
}

static int add(fm__addNodeResponse &answer, const string &parent, const string &name, const string &type,
               const string &note = "") {
  fm__Property property;
  property.key = "note", property.value = note;
  fm__addNode request;
  request.parent = parent, request.name = name, request.type = type;
  if (!note.empty()) request.property.push_back(&property);
  return manager().addNode(&request, answer);
}

static int get_node(fm__getNodeResponse &answer, const string &node, fm__BundleHints *hints = NULL) {
  fm__getNode request;
  request.node = node, request.hints = hints;
  return manager().getNode(&request, answer);
}

// What no stub lets anybody say goes as text: a number that is none, a request that lacks what must be there.
static int send_text(const string &operation, const string &body) {
  struct soap *soap = manager().soap;
  const string action = "urn:vofiles:filemanager:1#" + operation;
  const string text = "<Envelope xmlns='http://schemas.xmlsoap.org/soap/envelope/'><Body><" + operation +
                      " xmlns='urn:vofiles:filemanager:1'>" + body + "</" + operation + "></Body></Envelope>";
  soap_begin(soap);
  soap_set_omode(soap, SOAP_IO_STORE);
  return soap_POST(soap, proxy->soap_endpoint, action.c_str(), "text/xml; charset=utf-8") ||
         soap_send(soap, text.c_str()) || soap_end_send(soap);
}

int main(int, char **arguments) {
  user = arguments[2], password = arguments[3];
  const string folder_name = arguments[4];
  // Texts are UTF-8 on both sides; without the flag gSOAP takes them for Latin-1.
  FileManagerSoapProxy service(arguments[1], SOAP_C_UTFSTRING);
  proxy = &service;

  // account
  fm__getIdentifier who;
  fm__getIdentifierResponse identifier;
  require(manager().getIdentifier(&who, identifier));
  say("service", identifier.identifier);
  fm__getAccount mine;
  fm__getAccountResponse account;
  require(manager().getAccount(&mine, account));
  const string home = account.account->home;
  say("account", account.account->identifier);
  say("home", home);

  // folder
  fm__addNodeResponse added;
  require(add(added, home, folder_name, "FOLDER"));
  const string folder = added.node->identifier;
  say("folder", folder);

  // file
  require(add(added, folder, "query-7.vot", "FILE", "5 < flux & \"rising\""));
  const string file = added.node->identifier;
  say("file", file);
  say("file.version", added.node->version);
  say("file.note", property_of(added.node->property, "note"));

  // send
  std::ifstream source(arguments[5], std::ios::binary);
  const string content((std::istreambuf_iterator<char>(source)), std::istreambuf_iterator<char>());
  LONG64 size = content.size();
  string type = "application/x-votable+xml";
  fm__importInit importing;
  fm__importInitResponse offer;
  importing.node = file, importing.size = &size, importing.contentType = &type;
  require(manager().importInit(&importing, offer));
  const fm__Endpoint &to = *offer.transfer->endpoint.at(0);
  say("import.transfer", offer.transfer->transfer);
  say("import.state", offer.transfer->state);
  say("import.method", to.method);
  say("put.status", put(to, content));

  // wait
  fm__getTransfer asking;
  fm__getTransferResponse answer;
  asking.transfer = offer.transfer->transfer;
  do require(manager().getTransfer(&asking, answer));
  while (answer.transfer->state != "COMPLETED");
  say("transfer.state", answer.transfer->state);
  say("transfer.size", answer.transfer->receipt->size);

  // node, dates
  fm__getNodeResponse got;
  require(get_node(got, home + "/" + folder_name + "/query-7.vot"));
  const fm__Node &node = *got.node.at(0);
  say("node", node.identifier);
  say("node.size", *node.size);
  say("node.version", node.version);
  say("node.type", *node.contentType);
  for (const fm__Digest *each : node.digest)
    if (each->algorithm == "sha-256") say("node.sha-256", each->value);
  say("node.created", utc(node.created));
  say("node.modified", utc(node.modified));

  // fetch
  fm__exportInit exporting;
  fm__exportInitResponse from;
  exporting.node = file;
  require(manager().exportInit(&exporting, from));
  string fetched;
  say("export.method", from.transfer->endpoint.at(0)->method);
  say("get.status", get(*from.transfer->endpoint.at(0), fetched));
  std::ofstream(arguments[6], std::ios::binary) << fetched;

  // names
  const string star = "é 星 🌟.txt";
  require(add(added, folder, star, "FILE", "naïve 星 🌟"));
  require(get_node(got, home + "/" + folder_name + "/" + percent_encoded(star)));
  say("names.node", got.node.at(0)->identifier);
  say("names.name", got.node.at(0)->name);
  say("names.note", property_of(got.node.at(0)->property, "note"));

  // large
  require(get_node(got, home + "/archive/big.dat"));
  say("large.size", *got.node.at(0)->size);

  // bundle
  LONG64 depth = 1, most = 99;
  fm__BundleHints hints;
  hints.depth = &depth, hints.maximumExtraNodes = &most;
  require(get_node(got, home + "/hundred", &hints));
  say("bundle.count", got.node.size());
  say("bundle.first", got.node.at(0)->name);
  for (size_t each = 1; each < got.node.size(); ++each) say("bundle.name", got.node[each]->name);

  // faults
  report_fault("missing", get_node(got, home + "/" + folder_name + "/nothing"));
  report_fault("twice", add(added, folder, "query-7.vot", "FILE"));
  importing.node = folder;
  report_fault("kind", manager().importInit(&importing, offer));

  // bad input
  require(send_text("importInit", "<node>" + file + "</node><size>many</size>"));
  report_fault("type", service.recv_importInit(offer));
  require(send_text("addNode", "<parent>" + folder + "</parent><type>FILE</type>"));
  report_fault("element", service.recv_addNode(added));
}
