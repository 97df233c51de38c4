# Generates classes and a driver with soap4r: `ruby generate.rb contract.wsdl`. Its own command, wsdl2ruby.rb, does the
# same and no more, but is built on Logger::Application, which Ruby has not had since 2.2.
require 'wsdl/soap/wsdl2ruby'

generator = WSDL::SOAP::WSDL2Ruby.new
generator.location = ARGV[0]
generator.basedir = '.'
generator.logger.level = Logger::WARN
generator.opt.update(
  'module_path' => 'VoFiles', 'classdef' => 'stubs', 'mapping_registry' => nil, 'driver' => nil, 'force' => true
)
generator.run
