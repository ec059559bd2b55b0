#!/usr/bin/env bats
# A machine in QEMU, with a kernel of its own, on a bus by libvdeplug_shmif.so.
# In software, so that it takes neither root nor hardware.

load ../helpers
load ../helpers.net

# The newest file like that of what setup has unpacked, in the plain tree.
part() {
	compgen -G "${B%/?san}/unpacked/$1" | sort -V | tail -n 1
}

setup() {
	common_setup
	[ -e "$B/libvdeplug_shmif.so" ] ||
		skip "built without libvdeplug_mod.h (libvdeplug-dev)"
	[ "$(uname -m)" = x86_64 ] || skip "the guest is an amd64"
	requires nosan qemu-system-x86_64
	kernel=$(part 'linux-image-cloud-amd64/boot/vmlinuz-*')
	modules=$(part 'linux-image-cloud-amd64/lib/modules/*/kernel')
	busybox=$(part 'busybox-static/bin/busybox')
	for file in "$kernel" "$modules" "$busybox"; do
		[ -n "$file" ] ||
			skip "no kernel or busybox: run scripts/setup test all"
	done
	lib=$(ldconfig -p | sed -n 's/.*libvdeplug\.so\.2 .*=> //p' | head -n 1)
	export VDEPLUGIN_PATH=$B:${lib%/*}/vdeplug
}

# Its first program: it asks the host, serves a page, and ends on demand.
make_guest() {
	local module n=0

	mkdir -p guest/bin guest/www guest/proc guest/sys guest/dev
	cp "$busybox" guest/bin/busybox
	echo 'from the guest' >guest/www/index.html
	for module in drivers/virtio/virtio{_ring,,_pci_legacy_dev} \
		drivers/virtio/virtio_pci{_modern_dev,} net/core/failover \
		drivers/net/{net_failover,virtio_net}; do
		cp "$modules/$module.ko"* guest/ 2>/dev/null || continue
		[ ! -e "guest/${module##*/}.ko.xz" ] ||
			xz -d "guest/${module##*/}.ko.xz"
		mv "guest/${module##*/}.ko" "guest/$((n += 1)).ko"
	done
	cat >guest/init <<-'END'
		#!/bin/busybox sh
		/bin/busybox --install -s /bin
		export PATH=/bin
		mount -t proc proc /proc
		mount -t sysfs sys /sys
		mount -t devtmpfs dev /dev 2>/dev/null
		for m in /*.ko; do insmod $m; done
		ip addr add 10.9.0.9/24 dev eth0
		ip link set eth0 up
		ping -c 3 10.9.0.1 && echo GUEST PINGS
		wget -q -O got http://10.9.0.1/file && sha256sum got
		httpd -p 80 -h /www
		echo GUEST SERVES
		sleep 600
		poweroff -f
	END
	chmod 755 guest/init
	(cd guest && find . | "$busybox" cpio -o -H newc 2>/dev/null) |
		gzip -1 >guest.img
}

@test "a guest in QEMU pings and fetches from a virtual host, and serves one" {
	random_file file 3000000
	make_guest
	run_cmd shmif bus create lab mtu=1500
	BUS=lab start_host a 10.9.0.1
	start_bg web on a "$PYTHON" "$BATS_TEST_DIRNAME/../h_http.py" 80
	wait_listen a 80
	start_bg guest qemu-system-x86_64 -accel tcg -m 256 -no-reboot \
		-nodefaults -display none -serial stdio -kernel "$kernel" \
		-initrd guest.img -append 'console=ttyS0 quiet panic=-1' \
		-nic vde,model=virtio-net-pci,sock=shmif://lab
	wait_for -400 in_file guest.log 'GUEST SERVES'
	in_file guest.log 'GUEST PINGS'
	in_file guest.log "$(sha256sum <file | cut -d ' ' -f 1)"
	LIMIT=60 run_cmd on a curl -sS http://10.9.0.9/
	expect '^from the guest$'
	LIMIT=60 run_cmd tool a ping -c 3 10.9.0.9
	expect ' 0% packet loss'
	stop guest
	wait_for has_members lab 1
}
