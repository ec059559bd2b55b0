#compdef shmif shmhijack rump.ifconfig rump.route rump.arp rump.ndp rump.sysctl rump.netstat rump.sockstat rump.ping rump.ping6 rump.traceroute rump.traceroute6 rump.halt
# completion.zsh: completion of shmif, rump.* and shmhijack for zsh; install it
# as _shmif in a directory of $fpath.

_shmif_buses() {
	local -a names
	local line

	for line in ${(f)"$(shmif bus list 2>/dev/null)"}; do
		names+=(${${line%%:*}:t})
	done
	_alternative "buses:bus:($names)" 'files:bus file:_files'
}

_shmif_ifconfig() {
	if [[ $words[CURRENT-1] == linkstr ]]; then
		_shmif_buses
	elif (( CURRENT == 2 )); then
		compadd -- ${=$(shmif ifconfig -l 2>/dev/null)} shmif virt \
			-a -l -u -d -v --json
	else
		compadd -- create destroy linkstr -linkstr inet inet6 alias \
			-alias delete netmask broadcast prefixlen up down mtu \
			lladdr hostname
	fi
}

_shmif_route() {
	if (( CURRENT == 2 )); then
		compadd show add delete get flush
	else
		compadd -- default -inet -inet6 -net -host -netmask \
			-interface -mtu -metric -reject
	fi
}

_shmif_bus() {
	case $CURRENT in
	2) compadd create show list remove ;;
	3) _shmif_buses ;;
	*) compadd -S '' -- size= mtu= subnet= ;;
	esac
}

_shmif_sysctl() {
	compadd -- -a -n -q --json \
		${${(f)"$(shmif sysctl -a 2>/dev/null)"}%% *}
}

_shmif_command() {
	case $1 in
	ifconfig) _shmif_ifconfig ;;
	route) _shmif_route ;;
	bus) _shmif_bus ;;
	sysctl) _shmif_sysctl ;;
	dump) _arguments '-c[end after so many]:count:' '-f[follow]' \
		'-h[header only]' '-p[write a capture]:file:_files' \
		'-x[with bytes]' '--json' ':bus:_shmif_buses' ;;
	replay) _arguments '-t[keep the pace]' ':capture:_files' \
		':bus:_shmif_buses' ;;
	netstat) _arguments '-a[all]' '-n' '-i[interfaces]' '-r[routes]' \
		'-s[statistics]' '-f:family:(inet inet6)' \
		'-p:protocol:(tcp udp icmp)' '--json' ;;
	arp) _arguments '-a[all]' '-d[delete]' '-n' '-s[set]' '--json' ;;
	ndp) _arguments '-a[all]' '-c[clear]' '-d[delete]' '-n' '-s[set]' \
		'--json' ;;
	sockstat) _arguments '-4' '-6' '-c[connected]' '-l[listening]' \
		'--json' ;;
	ping | ping6 | traceroute | traceroute6) _hosts ;;
	help) compadd $_shmif_commands ;;
	esac
}

_shmif_top() {
	local -a _shmif_commands=(arp bus dump halt help ifconfig ndp netstat
		ping ping6 replay route sockstat sysctl traceroute traceroute6
		version)

	if [[ $words[2] == -s ]] && (( CURRENT > 3 )); then
		shift 2 words
		(( CURRENT -= 2 ))
	fi
	if (( CURRENT == 2 )); then
		compadd -- $_shmif_commands -s
	elif [[ $words[CURRENT-1] != -s || CURRENT -gt 3 ]]; then
		shift words
		(( CURRENT-- ))
		_shmif_command $words[1]
	fi
}

case $service in
shmhijack)
	_arguments '*-a[address]:address:' '-b[bus]:bus:_shmif_buses' \
		'-g[gateway]:address:' '-n[name]:name:' '-s[server]:URL:' \
		'--check' '--host-ok' '--strict' '--no-hijack' \
		'(-)1:program:_command_names -e' \
		'*::arguments:_normal' ;;
rump.*) _shmif_command ${service#rump.} ;;
*) _shmif_top ;;
esac
