# OpenSSH, with keys of the test's own: a server, and a client that knows it.

SSHD=/usr/sbin/sshd

# sshd wants the directory in which it is before a login, empty.
setup_file() {
	[ "$(id -u)" -ne 0 ] || [ -d /run/sshd ] || ! mkdir -m 755 /run/sshd ||
		: >"$BATS_FILE_TMPDIR/made"
}

teardown_file() {
	[ ! -e "$BATS_FILE_TMPDIR/made" ] || rmdir /run/sshd
}

# Files for a server on PORT, which clients know by NAMES: keys/, sshd.conf with
# these lines added, ssh.conf.  Whoever runs the test may log in.
# usage: setup_ssh PORT NAMES [LINE]...
setup_ssh() {
	requires ssh ssh-keygen "$SSHD"
	case $(getent passwd "$(id -u)") in
	*/nologin | */false | '') skip "this user may not log in" ;;
	esac
	mkdir -m 700 keys
	run_cmd ssh-keygen -q -t ed25519 -N '' -f keys/host
	run_cmd ssh-keygen -q -t ed25519 -N '' -f keys/user
	cp keys/user.pub keys/authorized
	echo "$2 $(cut -d ' ' -f 1,2 keys/host.pub)" >keys/known
	cat >sshd.conf <<-EOF
	Port $1
	HostKey $DIR/keys/host
	PidFile none
	AuthorizedKeysFile $DIR/keys/authorized
	StrictModes no
	UsePAM no
	PasswordAuthentication no
	PermitRootLogin prohibit-password
	EOF
	printf '%s\n' "${@:3}" >>sshd.conf
	cat >ssh.conf <<-EOF
	Host *
	IdentityFile $DIR/keys/user
	IdentitiesOnly yes
	UserKnownHostsFile $DIR/keys/known
	GlobalKnownHostsFile /dev/null
	StrictHostKeyChecking yes
	BatchMode yes
	ConnectTimeout 10
	User $(id -un)
	EOF
}

# On the machine's loopback, at SSH_PORT: a login has our commands, and that
# runtime directory.  usage: start_local_sshd RUNTIME_DIR
start_local_sshd() {
	SSH_PORT=$(free_port)
	setup_ssh "$SSH_PORT" "[127.0.0.1]:$SSH_PORT" \
		'ListenAddress 127.0.0.1' 'MaxSessions 2' \
		"SetEnv PATH=$B:$PATH XDG_RUNTIME_DIR=$1"
	start_bg sshd "$SSHD" -D -e -f "$DIR/sshd.conf"
	wait_for in_file sshd.log 'listening'
}
