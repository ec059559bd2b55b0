#compdef shmif shmhijack shmif_server shmif-net -P rump.*
# Completion for bash and zsh alike.  What may be typed is in the table, which
# scripts/completion makes from the help texts of the programs.

IFS= read -r -d '' _shmif_table <<'END'
@TABLE@
END

# Found so far: words, what they do, and whether files may stand here as well.
_shmif_found=()
_shmif_texts=()
_shmif_files=

# usage: _shmif_add WORD [TEXT]: if it begins as what was typed
_shmif_add() {
	case " ${_shmif_found[*]} " in *" $1 "*) return ;; esac
	case $1 in
	"$_shmif_word"*)
		_shmif_found+=("$1")
		_shmif_texts+=("${2-}") ;;
	esac
}

# usage: _shmif_each KEY TYPE COMMAND: COMMAND for each such line of the table
_shmif_each() {
	local key type name value text

	while IFS=$'\t' read -r key type name value text; do
		[ "$key-$type" != "$1-$2" ] || $3 "$name" "${value# }" "$text"
	done <<<"$_shmif_table"
}

_shmif_add_named() {
	_shmif_add "$1" "$3"
}

# What exists: buses, interfaces of the host, hosts, settings.
_shmif_add_lines() {
	local line

	while IFS= read -r line; do
		[ -z "$line" ] || _shmif_add "$1$line" "$2"
	done
}

_shmif_buses() {
	local file rest

	shmif bus list 2>/dev/null | while IFS=: read -r file rest; do
		echo "${file##*/}"
	done
}

# Names of the members of all named buses.
_shmif_hosts() {
	local bus

	_shmif_buses | while IFS= read -r bus; do
		shmif bus show "$bus" 2>/dev/null
	done | sed -n 's/^ *[0-9]*  [0-9a-f:]*  *[0-9]*  \([^ ]*\).*/\1/p' |
		grep -vxF -e - | sort -u
}

# usage: _shmif_kind KEY KIND: words of that kind
_shmif_kind() {
	local rest=$2 one

	case $2 in
	BUS)
		_shmif_add_lines '' bus <<<"$(_shmif_buses)"
		_shmif_files=1
		return ;;
	SPEC)
		_shmif_add_lines shmif0= bus <<<"$(_shmif_buses)"
		_shmif_add virt0 "the machine's tap0"
		_shmif_add vde0=slirp:// "the Internet"
		return ;;
	URL)
		for one in *.sock; do
			[ ! -S "$one" ] || _shmif_add "unix://$one" host
		done
		return ;;
	COMMAND)
		_shmif_each "${1%%-*}" c _shmif_add_named
		return ;;
	WORD)
		_shmif_each "$1" w _shmif_add_named
		return ;;
	esac
	while [ -n "$rest" ]; do
		one=${rest%%|*}
		rest=${rest#"$one"}
		rest=${rest#|}
		case $one in
		IF) _shmif_add_lines '' interface <<<"$(shmif ifconfig -l \
			2>/dev/null | tr ' ' '\n')" ;;
		HOST) _shmif_add_lines '' host <<<"$(_shmif_hosts)" ;;
		SETTING) _shmif_add_lines '' <<<"$(shmif sysctl -a \
			2>/dev/null | sed 's/ .*//')" ;;
		FILE) _shmif_files=1 ;;
		NET) _shmif_add_lines '' network <<<"$(shmif-net list \
			2>/dev/null | sed 's/ .*//')" ;;
		[a-z-]*) _shmif_add "$one" ;;
		esac
	done
}

# Does the word take a value?  Sets takes, and known if it is an option.
_shmif_look() {
	[ "$1" != "$_shmif_look_for" ] || {
		takes=$2
		known=1
	}
}

# Candidates of the way to call it that fits the words so far: positions.
_shmif_form() {
	local token i=0

	for token in $1; do
		case $token in
		OPTION\*) continue ;;
		*\*)	# again and again
			_shmif_kind "$key" "${token%\*}"
			return ;;
		esac
		if [ $i -eq ${#before[@]} ]; then
			_shmif_kind "$key" "$token"
			# An optional one may be left out, which is not told.
			case $token in *=) i=$((i - 1)) ;; *) return ;; esac
		else
			case $token in
			[a-z]*) case "|$token|" in
				*"|${before[i]}|"*) ;;
				*) return ;;
				esac ;;
			esac
		fi
		i=$((i + 1))
	done
}

# usage: _shmif_complete KEY TYPED...: candidates for the last word typed
_shmif_complete() {
	local key=$1 takes='' known
	local before=()

	shift
	case $_shmif_table in
	*"
$key	o"*) ;;
	*) key=${key%6} ;;	# ping6 is as ping
	esac
	while [ $# -gt 1 ]; do
		_shmif_look_for=$1
		known='' takes=''
		_shmif_each "$key" o _shmif_look
		[ -n "$known" ] || _shmif_each "$key" w _shmif_look
		shift
		if [ -n "$takes" ]; then
			[ $# -gt 1 ] || break
			shift
			takes=
		else
			case $_shmif_look_for in
			-*) ;;
			*) before+=("$_shmif_look_for") ;;
			esac
		fi
	done
	if [ -n "$takes" ]; then
		_shmif_kind "$key" "$takes"
		return
	fi
	case $_shmif_word in
	-*) _shmif_each "$key" o _shmif_add_named ;;
	*)
		_shmif_each "$key" f _shmif_form
		[ ${#_shmif_found[@]} -gt 0 ] || [ -n "$_shmif_files" ] ||
			[ ${#before[@]} -eq 0 ] ||
			_shmif_each "$key" w _shmif_add_named ;;
	esac
}

# Which command the words are for, and where a program of the user's begins.
# usage: _shmif_start WORD...; sets _shmif_program to the number of words before
# it, or to nothing
_shmif_start() {
	local name=${1##*/} n=1 takes known

	_shmif_found=()
	_shmif_texts=()
	_shmif_files=
	_shmif_program=
	case $name in
	rump.*)
		shift
		_shmif_complete "shmif-${name#rump.}" "$@"
		return ;;
	esac
	local all=("$@")
	shift
	while [ $# -gt 1 ]; do
		takes='' known=''
		_shmif_look_for=$1
		_shmif_each "$name" o _shmif_look
		case $1 in
		--) n=$((n + 1)); shift; break ;;
		-*) ;;
		*) break ;;
		esac
		shift
		n=$((n + 1))
		[ -z "$takes" ] || [ $# -le 1 ] || {
			shift
			n=$((n + 1))
			takes=
		}
	done
	if [ "$name" = shmhijack ] && [ -z "$takes" ]; then
		case $_shmif_word in
		-*) [ $# -gt 1 ] && _shmif_program=$n ;;
		*) _shmif_program=$n ;;
		esac
		[ -z "$_shmif_program" ] || return 0
	fi
	if [ "$name" = shmif ] && [ $# -gt 1 ] && [ -z "$takes" ]; then
		name=shmif-$1
		shift
		_shmif_complete "$name" "$@"
		return
	fi
	_shmif_complete "$name" "${all[@]:1}"
}

_shmif_bash() {
	local words=("${COMP_WORDS[@]:0:COMP_CWORD + 1}")

	# The line as it is: bash splits words at = and : as well.
	read -r -a words <<<"${COMP_LINE:0:COMP_POINT}."
	_shmif_word=${words[${#words[@]} - 1]%.}
	words[${#words[@]} - 1]=$_shmif_word
	COMPREPLY=()
	_shmif_start "${words[@]}"
	if [ -n "$_shmif_program" ]; then
		if [ "$_shmif_program" -lt $((${#words[@]} - 1)) ] &&
			declare -F _command_offset >/dev/null; then
			_command_offset "$_shmif_program"
		elif [ "$_shmif_program" -lt $((${#words[@]} - 1)) ]; then
			mapfile -t COMPREPLY < <(compgen -f -- "$_shmif_word")
		else
			mapfile -t COMPREPLY < <(compgen -c -- "$_shmif_word")
		fi
		return
	fi
	COMPREPLY=("${_shmif_found[@]}")
	if [ -n "$_shmif_files" ]; then
		compopt -o filenames 2>/dev/null
		mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(
			compgen -f -- "$_shmif_word")
	fi
	case ${COMPREPLY[*]} in *=) compopt -o nospace 2>/dev/null ;; esac
	# What is before the last = or : stands there already.
	case $_shmif_word in
	*[=:]*) COMPREPLY=("${COMPREPLY[@]#"${_shmif_word%"${_shmif_word##*[=:]}"}"}") ;;
	esac
}

_shmif_candidates() {
	emulate -L ksh
	_shmif_start "$@"
}

_shmif_zsh() {
	local -a typed shown
	local i

	typed=("${(@)words[1,CURRENT]}")
	_shmif_word=$PREFIX
	typed[CURRENT]=$PREFIX
	_shmif_candidates "${typed[@]}"
	if [[ -n $_shmif_program ]]; then
		shift $_shmif_program words
		(( CURRENT -= _shmif_program ))
		_normal
		return
	fi
	for (( i = 1; i <= $#_shmif_found; i++ )); do
		shown+=("${(r:14:)_shmif_found[i]} ${_shmif_texts[i]}")
	done
	compadd -V shmif -l -d shown -a _shmif_found
	[[ -z $_shmif_files ]] || _files
}

if [ -n "${ZSH_VERSION-}" ]; then
	_shmif_zsh "$@"
else
	complete -F _shmif_bash shmif shmhijack shmif_server shmif-net \
		rump.{ifconfig,route,arp,ndp,sysctl,netstat,sockstat} \
		rump.{ping,ping6,traceroute,traceroute6,halt}
fi
