// Catches faults with gSOAP: `catching ADDRESS CONTRACT USER PASSWORD CASES` (../README.md).

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "FileManagerSoap.nsmap"
#include "soapFileManagerSoapProxy.h"

using std::string;

template <class Properties>
static void line(const string &kind, const string &name, const string &rest, const Properties &properties) {
  std::cout << kind << '\t' << name << '\t' << rest;
  for (const fm__Property *each : properties) std::cout << '\t' << each->key << '=' << each->value;
  std::cout << '\n';
}

// What arrived: a member of the detail for each declared fault, of a class of its own.
static bool caught(const char *kind, const fm__FaultDetail *fault) {
  if (fault) line(kind, fault->name, fault->message, fault->property);
  return fault;
}

static void report(FileManagerSoapProxy &manager) {
  const SOAP_ENV__Fault *fault = manager.soap_fault();
  const SOAP_ENV__Detail *detail = fault ? fault->detail : NULL;
  if (detail) {
    const fm__NotFoundFault *not_found = detail->fm__NotFound;
    const fm__ConflictFault *conflict = detail->fm__Conflict;
    const fm__WrongKindFault *wrong_kind = detail->fm__WrongKind;
    const fm__RefusedFault *refused = detail->fm__Refused;
    const fm__InvalidFault *invalid = detail->fm__Invalid;
    const fm__DamagedFault *damaged = detail->fm__Damaged;
    const fm__UnreachableFault *unreachable = detail->fm__Unreachable;
    const fm__UnexpectedFault *unexpected = detail->fm__Unexpected;
    if (caught("NotFoundFault", not_found) || caught("ConflictFault", conflict) ||
        caught("WrongKindFault", wrong_kind) || caught("RefusedFault", refused) || caught("InvalidFault", invalid) ||
        caught("DamagedFault", damaged) || caught("UnreachableFault", unreachable) ||
        caught("UnexpectedFault", unexpected))
      return;
  }
  manager.soap_stream_fault(std::cerr);
  std::exit(1);
}

static int call(FileManagerSoapProxy &manager, const std::vector<string> &words, fm__getNodeResponse &got) {
  const string &operation = words[0];
  if (operation == "getNode") {
    fm__getNode request;
    request.node = words[1];
    return manager.getNode(&request, got);
  }
  if (operation == "listChildren") {
    fm__listChildren request;
    fm__listChildrenResponse answer;
    request.node = words[1];
    return manager.listChildren(&request, answer);
  }
  if (operation == "importInit") {
    fm__importInit request;
    fm__importInitResponse answer;
    string store = words[2];
    request.node = words[1], request.store = &store;
    return manager.importInit(&request, answer);
  }
  if (operation == "importData") {
    fm__importData request;
    fm__importDataResponse answer;
    LONG64 size = std::stoll(words[3]);
    request.node = words[1], request.url = words[2], request.size = &size;
    return manager.importData(&request, answer);
  }
  fm__setProperties request;
  fm__setPropertiesResponse answer;
  fm__Property property;
  LONG64 generation = std::stoll(words[2]);
  property.key = words[3], property.value = words[4];
  request.node = words[1], request.ifGeneration = &generation, request.property.push_back(&property);
  return manager.setProperties(&request, answer);
}

int main(int, char **arguments) {
  FileManagerSoapProxy manager(arguments[1], SOAP_C_UTFSTRING);
  std::ifstream cases(arguments[5]);
  for (string text; std::getline(cases, text);) {
    std::vector<string> words;
    std::istringstream reader(text);
    for (string word; std::getline(reader, word, '\t');) words.push_back(word);
    manager.soap->userid = arguments[3], manager.soap->passwd = arguments[4];
    fm__getNodeResponse got;
    if (call(manager, words, got) != SOAP_OK) {
      report(manager);
      continue;
    }
    string algorithms;
    for (const fm__Digest *each : got.node[0]->digest) algorithms += (algorithms.empty() ? "" : ",") + each->algorithm;
    line("Node", got.node[0]->type, algorithms, got.node[0]->property);
  }
}
