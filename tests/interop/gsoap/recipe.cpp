#include <fstream>
#include <iostream>
#include <iterator>
#include "FileManagerSoap.nsmap"
#include "soapFileManagerSoapProxy.h"

int main(int, char **arguments) {
  std::ifstream source(arguments[4], std::ios::binary);
  std::string path = arguments[4], name = path.substr(path.rfind('/') + 1), bytes{std::istreambuf_iterator<char>(source), {}};
  FileManagerSoapProxy manager(arguments[1], SOAP_C_UTFSTRING | SOAP_IO_STORE);
  auto soap = [&] { return manager.soap->userid = arguments[2], manager.soap->passwd = arguments[3], manager.soap; };
  fm__getAccountResponse mine; fm__addNodeResponse file; fm__importInitResponse to; fm__exportInitResponse from;
  if (manager.getAccount(soap_new_req_fm__getAccount(soap()), mine)) return 1;
  if (manager.addNode(soap_new_req_fm__addNode(soap(), mine.account->home, name, "FILE"), file)) return 1;
  if (manager.importInit(soap_new_req_fm__importInit(soap(), file.node->identifier), to)) return 1;
  if (soap_PUT(manager.soap, to.transfer->endpoint[0]->url.c_str(), NULL, "") || soap_send_raw(manager.soap, bytes.data(), bytes.size()) || soap_end_send(manager.soap) || soap_recv_empty_response(manager.soap)) return 1;
  if (manager.exportInit(soap_new_req_fm__exportInit(soap(), file.node->identifier), from)) return 1;
  if (soap_GET(manager.soap, from.transfer->endpoint[0]->url.c_str(), NULL) || soap_begin_recv(manager.soap)) return 1;
  if (size_t length = 0; const char *body = soap_http_get_body(manager.soap, &length)) std::cout.write(body, length);
}
