#include <fstream>
#include <iostream>
#include <iterator>
#include "FileManagerSoap.nsmap"
#include "soapFileManagerSoapProxy.h"
int main(int, char **arguments) {
  std::ifstream source(arguments[4], std::ios::binary);
  std::string path = arguments[4], bytes{std::istreambuf_iterator<char>(source), {}};
  FileManagerSoapProxy manager(arguments[1], SOAP_C_UTFSTRING);
  auto as_user = [&] { manager.soap->userid = arguments[2], manager.soap->passwd = arguments[3]; };
  fm__getAccount mine; fm__getAccountResponse account;
  as_user(); if (manager.getAccount(&mine, account)) return 1;
  fm__addNode adding; fm__addNodeResponse added;
  adding.parent = account.account->home, adding.name = path.substr(path.rfind('/') + 1), adding.type = "FILE";
  as_user(); if (manager.addNode(&adding, added)) return 1;
  fm__importInit importing; fm__importInitResponse to;
  importing.node = added.node->identifier;
  as_user(); if (manager.importInit(&importing, to)) return 1;
  fm__exportInit exporting; fm__exportInitResponse from;
  exporting.node = importing.node;
  struct soap *http = soap_new1(SOAP_IO_STORE);
  if (soap_PUT(http, to.transfer->endpoint[0]->url.c_str(), NULL, "") || soap_send_raw(http, bytes.data(), bytes.size()) ||
      soap_end_send(http) || soap_recv_empty_response(http)) return 1;
  as_user(); if (manager.exportInit(&exporting, from)) return 1;
  size_t length; char *body;
  if (soap_GET(http, from.transfer->endpoint[0]->url.c_str(), NULL) || soap_begin_recv(http)) return 1;
  body = soap_http_get_body(http, &length);
  std::cout.write(body, length);
}
