# Makes stubs from a contract with tclws and says which there are: `tclsh load.tcl contract.wsdl`.
package require WS::Client
set file [open [lindex $argv 0]]
fconfigure $file -encoding utf-8
set service [::WS::Client::ParseWsdl [read $file] -createStubs 1]
close $file
foreach stub [lsort [info commands ::[dict get $service name]::*]] {
    puts "$stub {[info args $stub]}"
}
