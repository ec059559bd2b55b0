# completion.bash: completion of shmif, rump.* and shmhijack for bash.

_shmif_commands="arp bus dump halt help ifconfig ndp netstat ping ping6
	replay route sockstat sysctl traceroute traceroute6 version"

# The user's named buses.
_shmif_buses() {
	local path

	shmif bus list 2>/dev/null | while IFS=: read -r path _; do
		printf '%s\n' "${path##*/}"
	done
}

_shmif_words() {
	mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(
		compgen -W "$1" -- "$2")
}

_shmif_files() {
	compopt -o filenames 2>/dev/null
	mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$1")
}

_shmif_bus() {
	_shmif_words "$(_shmif_buses)" "$1"
	[[ $1 == */* || -z ${COMPREPLY[*]} ]] && _shmif_files "$1"
}

# $1: the word, $2: the one before it, $3: how many stand before it
_shmif_ifconfig() {
	case $2 in
	linkstr)
		_shmif_bus "$1"
		return ;;
	ifconfig | rump.ifconfig | -a | -v | -l | -u | -d)
		_shmif_words "$(shmif ifconfig -l 2>/dev/null) shmif virt
			-a -l -u -d -v --json" "$1"
		return ;;
	esac
	_shmif_words "create destroy linkstr -linkstr inet inet6 alias -alias
		delete netmask broadcast prefixlen up down mtu lladdr
		hostname" "$1"
}

_shmif_command() {
	local command=$1 word=$2 before=$3 count=$4

	case $command in
	ifconfig)
		_shmif_ifconfig "$word" "$before" ;;
	bus)
		if ((count == 1)); then
			_shmif_words "create show list remove" "$word"
		elif ((count == 2)); then
			_shmif_bus "$word"
		else
			compopt -o nospace 2>/dev/null
			_shmif_words "size= mtu= subnet=" "$word"
		fi ;;
	dump)
		case $before in
		-p) _shmif_files "$word" ;;
		*) if [[ $word == -* ]]; then
			_shmif_words "-c -f -h -p -x --json" "$word"
		else
			_shmif_bus "$word"
		fi ;;
		esac ;;
	replay)
		if ((count == 1)); then
			_shmif_files "$word"
		else
			_shmif_bus "$word"
		fi ;;
	route)
		if ((count == 1)); then
			_shmif_words "show add delete get flush" "$word"
		else
			_shmif_words "default -inet -inet6 -net -host -netmask
				-interface -mtu -metric -reject" "$word"
		fi ;;
	sysctl)
		_shmif_words "-a -n -q --json $(shmif sysctl -a 2>/dev/null |
			cut -d ' ' -f 1)" "$word" ;;
	netstat)
		case $before in
		-f) _shmif_words "inet inet6" "$word" ;;
		-p) _shmif_words "tcp udp icmp" "$word" ;;
		*) _shmif_words "-a -f -i -n -p -r -s --json" "$word" ;;
		esac ;;
	arp) _shmif_words "-a -d -n -s --json" "$word" ;;
	ndp) _shmif_words "-a -c -d -n -s --json" "$word" ;;
	sockstat) _shmif_words "-4 -6 -c -l --json" "$word" ;;
	ping | ping6)
		_shmif_words "-4 -6 -b -c -D -f -I -i -l -M -n -O -p -q -s -t
			-W -w" "$word" ;;
	traceroute | traceroute6)
		_shmif_words "-4 -6 -f -I -i -m -N -n -p -q -s -w" "$word" ;;
	help) _shmif_words "$_shmif_commands" "$word" ;;
	esac
}

_shmif() {
	local word=${COMP_WORDS[COMP_CWORD]} first=1
	local name=${COMP_WORDS[0]##*/}

	COMPREPLY=()
	if [[ $name == rump.* ]]; then
		_shmif_command "${name#rump.}" "$word" \
			"${COMP_WORDS[COMP_CWORD - 1]##*/}" "$COMP_CWORD"
		return
	fi
	if [[ ${COMP_WORDS[1]} == -s ]] && ((COMP_CWORD > 2)); then
		first=3
	fi
	if ((COMP_CWORD > first)); then
		_shmif_command "${COMP_WORDS[first]}" "$word" \
			"${COMP_WORDS[COMP_CWORD - 1]}" \
			"$((COMP_CWORD - first))"
	elif [[ ${COMP_WORDS[COMP_CWORD - 1]} != -s ]]; then
		_shmif_words "$_shmif_commands -s" "$word"
	fi
}

_shmhijack() {
	local word=${COMP_WORDS[COMP_CWORD]} i

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-a | -b | -g | -n | -s) ((i++)) ;;
		-*) ;;
		*)	# the program has its own completion
			declare -F _command_offset >/dev/null &&
				_command_offset "$i"
			return ;;
		esac
	done
	case ${COMP_WORDS[COMP_CWORD - 1]} in
	-b) _shmif_bus "$word" ;;
	-a | -g | -n | -s) ;;
	*) if [[ $word == -* ]]; then
		_shmif_words "-a -b -g -n -s --check --host-ok --strict --no-hijack" "$word"
	else
		mapfile -t COMPREPLY < <(compgen -c -- "$word")
	fi ;;
	esac
}

complete -F _shmif shmif rump.ifconfig rump.route rump.arp rump.ndp \
	rump.sysctl rump.netstat rump.sockstat rump.ping rump.ping6 \
	rump.traceroute rump.traceroute6 rump.halt
complete -F _shmhijack shmhijack
