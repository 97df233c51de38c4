address=$1 login=$2:$3 path=$4
ask() { # OPERATION ELEMENTS: calls it, and prints the answer with each element on a line of its own
  body="<e:Body><$1 xmlns='urn:vofiles:filemanager:1'>$2</$1></e:Body>"
  envelope="<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'>$body</e:Envelope>"
  curl -sSf -u "$login" -H 'Content-Type: text/xml; charset=utf-8' --data-binary "$envelope" "$address" | sed 's/></>\n</g'
}
value() { sed -n "s|^<$1>\(.*\)</$1>.*|\1|p" | head -n 1; }
home=$(ask getAccount '' | value home)
file=$(ask addNode "<parent>$home</parent><name>${path##*/}</name><type>FILE</type>" | value identifier)
curl -sSf -o /dev/null -T "$path" "$(ask importInit "<node>$file</node>" | value url)"
curl -sSf "$(ask exportInit "<node>$file</node>" | value url)"
