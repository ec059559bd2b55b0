# Builds everything into $B.  `make help` lists the targets and settings.

# Settings of the user's, on the command line or in the environment.
CFLAGS	?= -O2 -g
PREFIX	?= /usr/local
LIBDIR	?= $(PREFIX)/lib
# Where Wireshark looks for what it can capture from.
EXTCAPDIR ?= $(PREFIX)/lib/wireshark/extcap
# Where vdeplug looks for its plug-ins, if LIBDIR is one it knows.
VDEPLUGDIR ?= $(LIBDIR)/vdeplug
VERSION	?= 0.1.0
# Where the programs look for the library; nothing: where the system does.
RPATH	?= $$ORIGIN:$$ORIGIN/../lib
# Where all output goes.  SAN=address,undefined or SAN=thread: a sanitized
# tree, which is one of its own, but for lwIP's source.
B	?= build$(if $(SAN),/$(if $(findstring thread,$(SAN)),tsan,asan))
# Where lwIP's source is, or is fetched to; lwip/ is in what `make dist` packs.
L	:= $(or $(LWIP_DIR),$(wildcard lwip),$(patsubst %/asan,%,$(patsubst %/tsan,%,\
	$(patsubst %/fuzz,%,$B)))/lwip)
export B SAN CC

# How recipes speak: V=1 shows the commands ($Q), else the target is named and
# the command is silent ($P).  $(make) is a make of the same tree, with as many
# jobs as there are CPUs unless the user has said how many.  $c is a comma,
# which make would take for the end of an argument, and it drops a space.
Q	:= $(if $V,,@)
P	= $(if $V,,@echo '  $@' &&)
c	:= ,
space	:= $(subst ,, )
jobs	= $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))
make	= $Q+$(MAKE) --no-print-directory

# Commands.  `flags` are ours and stand apart from the user's CFLAGS, so that
# neither loses the other; `own` is set for some targets, below.
san	:= $(addprefix -fno-omit-frame-pointer -fno-sanitize-recover=all \
	-fsanitize=,$(SAN))
flags	= -std=gnu11 -pthread -fPIC -fno-semantic-interposition $(san) \
	-Wall -Wextra -Wshadow -D_GNU_SOURCE -DSHMIF_VERSION=\"$(VERSION)\" \
	-I. -Istack -I$B/lwip-i -I$L/src/include
all_flags = $(CC) $(flags) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS)
compile	= $(CC) $(flags) $(CPPFLAGS) $(CFLAGS) $(own) -MMD -MP -c -o $@ $<
places	= '-DSHMIF_BINDIR="$(PREFIX)/bin"' '-DSHMIF_LIBDIR="$(LIBDIR)"'
link	= $(CC) -pthread $(san) $(CFLAGS) $(LDFLAGS) -o $@
# A shared library of the objects, archives and version map it depends on; it
# must bring or name all it needs (-z defs), which sanitizers do not allow.
shared	= $(link) -shared -Wl,-soname,$(@F) $(if $(SAN),,-Wl$c-z$cdefs) \
	$(addprefix -Wl$c--version-script=,$(filter %.map,$^)) \
	$(filter %.o,$^) $(filter %.a,$^)

# What is made of what.  $(call objs,dir/*.c): the objects of these sources.
objs	= $(patsubst %.c,$B/%.o,$(wildcard $(1)))
hijack	:= $(call objs,hijack/*.c)
look	:= $(call objs,hijack/look/*.c)
# The preload library's calls once more, as rump_sys_*: stack/rump/names.h.
calls	:= $(patsubst $B/hijack/%,$B/rump/%,$(filter-out $(addprefix \
	$B/hijack/,childenv.o debug.o debugname.o debugtext.o dl.o elfsym.o \
	env.o escape.o exec.o hostname.o hosts.o ifaddrs.o init.o lend.o open.o procnet.o \
	resolve.o select.o spawn.o syscall.o uring.o warn.o),$(hijack)))
server	:= $(addprefix $B/stack/,server.o service.o succeed.o oldopt.o)
# A whole host, to be linked into a program: all of stack/ but these.
rooms	:= wire core ip tcp fault sock stream dgram packet api rump
stack	:= $(filter-out $(server),$(call objs,stack/*.c \
	$(rooms:%=stack/%/*.c) bus/*.c tap/*.c)) $(calls)
# The parts of lwIP that are needed.
lwip	:= $(patsubst %,$B/lwip-o/%.o,netif/ethernet $(addprefix core/,altcp \
	altcp_alloc altcp_tcp def dns inet_chksum init ip mem memp netif pbuf \
	raw stats sys tcp tcp_in tcp_out timeouts udp $(addprefix ipv4/,acd \
	autoip dhcp etharp icmp igmp ip4 ip4_addr ip4_frag) $(addprefix ipv6/,\
	dhcp6 ethip6 icmp6 inet6 ip6 ip6_addr ip6_frag mld6 nd6)))
hashed	:= $(addprefix $B/lwip-o/core/,tcp.o tcp_in.o tcp_out.o)
# A header that all see as edited.
edited	:= $B/lwip-i/lwip/priv/tcp_priv.h
cut	:= $(addprefix $B/lwip-o/core/ipv,4/icmp.o 4/ip4_frag.o 4/etharp.o \
	6/icmp6.o 6/ip6_frag.o 6/nd6.o) $B/lwip-o/netif/ethernet.o
lib	:= $B/libshmhijack.so
# These know where things are installed.
placed	:= $B/hijack/spawn.o $B/hijack/launcher/library.o $B/stack/remote.o
rump	:= $B/librumpshm.a
libs	:= $(lib) $(rump) $(rump:.a=.so.0) $(rump:.a=.so)
# A plug-in for VDE, where its header is.
plugin	:= $(if $(shell echo '\#include <libvdeplug_mod.h>' | $(CC) -E - \
	>/dev/null 2>&1 && echo y),$B/libvdeplug_shmif.so)
bins	:= $(addprefix $B/,shmif_server shmif_relay shmif shmhijack shmif_entry)
tests	:= $(patsubst %.c,$B/%,$(wildcard tests/[hu]_*.c tests/bench_*.c))
# What tests preload into a host.
shims	:= $(patsubst %.c,$B/%.so,$(wildcard tests/s_*.c))
# The bus once more, with the tests' hand in every access: bus/shm.h.
hook	:= $(patsubst $B/%,$B/hook/%,$(filter-out $B/bus/shmif.o \
	$B/bus/output.o $B/bus/rxbuf.o,$(call objs,bus/*.c)))
hooking	:= $(addprefix $B/tests/u_bus_,aim kill rump)
fuzz	:= $(patsubst tests/%.c,$B/%,$(wildcard tests/fuzz/*.c))
heads	:= $(addprefix stack/rump/,rump.h netconfig.h rump_syscalls.h)
mans	:= $(wildcard */*.[1-9] */*/*.[1-9])
cmds	:= ifconfig route arp ndp sysctl netstat sockstat ping ping6 traceroute \
	traceroute6 halt

# NetBSD's names for two of them.
olds	:= shmif_dumpbus shmif_pcapin
pcs	:= hijack/shmhijack.pc stack/rump/rumpshm.pc
units	:= $(wildcard scripts/systemd/*)
tools	:= $(wildcard $(addprefix scripts/,shmif-net tap-bridge tap-nat))
netlib	:= $(wildcard scripts/netlib/*.py)
# Where /usr/bin/python3 looks for modules, if PREFIX is one of those it knows.
PYTHONDIR ?= $(if $(subst /usr/local,,$(PREFIX)),$(PREFIX)/lib/python3,$(shell \
	/usr/bin/python3 -c 'import sys; print("/usr/local/lib/python%d.%d" % \
	sys.version_info[:2])' || echo $(PREFIX)/lib/python3))/dist-packages
comp	:= bash-completion/completions
others	:= shmhijack shmif_server shmif-net $(cmds:%=rump.%)
usages	:= $(wildcard */*.usage */*/*.usage) $(wildcard scripts/shmif-net)
zcomp	:= zsh/site-functions/_shmif

.PHONY: run-fuzz $(fuzz:%=%.run) no-plugin all tests demo check check-all bench asan tsan soak fuzz tidy fmt install \
	uninstall dist deb clean help compile_commands.json lwip FORCE
.DELETE_ON_ERROR:
.PRECIOUS: $B/%_usage.c
all: $(libs) $(bins) $(or $(plugin),no-plugin) $B/completion	## libraries and programs, into $B
no-plugin:
	@echo "  no libvdeplug_mod.h (package libvdeplug-dev): without the" \
		"plug-in for VDE, libvdeplug_shmif.so"
tests: all $(tests) $(shims)	## also what the tests and benchmarks run

$B/%.o: own = $(if $(WERROR),-Werror)
$(hijack) $(look): own = -fvisibility=hidden $(if $(WERROR),-Werror)
$(lwip): own = -w $(if $(SAN),-fno-sanitize=undefined)
$B/lwip-o/core/ipv6/icmp6.o: own += -DLWIP_MULTICAST_PING=1
$B/lwip-o/core/ipv4/ip4.o $B/lwip-o/core/ipv6/ip6.o: own += \
	-Dnetif_loop_output=loopback_output \
	-Dip4_frag=output_long4 -Dip6_frag=output_long6
# What strangers make it hold is bounded in bytes: stack/ip/held.h
$B/lwip-o/core/ipv4/ip4_frag.o: own += -include stack/ip/held.h \
	-Dpbuf_clen=held_size -DIP_REASS_MAX_PBUFS='(held_frag4 >> 10)'
$B/lwip-o/core/ipv6/ip6_frag.o: own += -include stack/ip/held.h \
	-Dpbuf_clen=held_size -DIP_REASS_MAX_PBUFS='(held_frag6 >> 10)'
$B/lwip-o/core/ipv4/etharp.o $B/lwip-o/core/ipv6/nd6.o: own += \
	-Dmemp_malloc=held_malloc -Dmemp_free=held_free \
	-include stack/ip/held.h
$B/lwip-o/netif/ethernet.o: own += -include stack/ip/held.h
$B/lwip-o/core/ipv4/icmp.o $B/lwip-o/core/ipv6/icmp6.o: own += \
	-include stack/ip/icmprate.h
$B/%.o: %.c $B/flags | lwip $(edited)
	@mkdir -p $(@D)
	$P$(compile)
$(calls): own = -include stack/rump/names.h $(if $(WERROR),-Werror)
$(calls): $B/rump/%.o: hijack/%.c $B/flags | lwip $(edited)
	@mkdir -p $(@D)
	$P$(compile)
$(hook): own = -DBUS_HOOK $(if $(WERROR),-Werror)
$(hooking:%=%.o): own += -DBUS_HOOK
$(hook): $B/hook/%.o: %.c $B/flags | lwip $(edited)
	@mkdir -p $(@D)
	$P$(compile)
$B/lwip-o/%.o: $L/src/%.c $B/flags | $(edited)
	@mkdir -p $(@D)
	$P$(compile)
# Connections are looked up in constant time: stack/stream/pcbhash.h
$(hashed): own += -include stack/stream/pcbhash.h
$(hashed): %.o: %.c stack/stream/pcbhash.h
	$P$(compile)
$(hashed) $(cut): | $(edited)
# lwIP's source with edits: each leaves the name of its script behind, and how
# many find their place is known.
edits-tcp	:= 10
edits-tcp_in	:= 18
edits-tcp_out	:= 17
edits-tcp_priv	:= 3
edits-etharp	:= 2
edits-ethernet	:= 3
edits-icmp	:= 2
edits-icmp6	:= 1
edits-nd6	:= 4
edits-ip4_frag	:= 3
edits-ip6_frag	:= 2
$(hashed:.o=.c): script = stack/stream/lwip.sed
$(cut:.o=.c): script = stack/ip/lwip.sed
$(hashed:.o=.c): stack/stream/lwip.sed
$(cut:.o=.c): stack/ip/lwip.sed
$(cut): %.o: %.c
	$P$(compile)
edit	= $Qsed -f $(script) $< >$@ && \
	[ `grep -c lwip.sed $@` = $(edits-$(*F)) ] || { echo \
	"$<: $(script) does not fit this version of lwIP" >&2; exit 1; }
$(hashed:.o=.c) $(cut:.o=.c): $B/lwip-o/%.c: $L/src/%.c
	@mkdir -p $(@D)
	$(edit)
$(edited): script = stack/stream/lwip.sed
$(edited): $B/lwip-i/%.h: $L/src/include/%.h stack/stream/lwip.sed
	@mkdir -p $(@D)
	$(edit)
$(lwip:$B/lwip-o/%.o=$L/src/%.c) $(edited:$B/lwip-i/%=$L/src/include/%): | lwip ;
lwip:
	$QLWIP_DIR='$(LWIP_DIR)' scripts/fetch-lwip $L
# Newer than the objects once a setting has changed.
$B/flags $B/places: FORCE
	@mkdir -p $B
	@printf '%s\n' "$$content" | cmp -s - $@ || { $(check-$(@F)) \
		printf '%s\n' "$$content" >$@; }
$B/flags: export content = $(all_flags)
$B/places: export content = $(places)
check-flags = printf '\#include <features.h>\n__GLIBC__' | \
	$(CC) -E - 2>&1 | grep -q '^[0-9]' || { echo "$(CC): not for glibc," \
	"whose dlvsym(), dlmopen() and sys/rseq.h are needed; musl has none" \
	"of them" >&2; exit 1; };
$(placed): own += $(places)
$(placed): $B/places

# Members have their file names, of which some are double: q keeps both.  Paths
# would tell them apart, but GNU ar ends a name at the first slash.
$B/librumpshm.a: $(stack) $(lwip)
	@rm -f $@
	$P$(AR) qcs $@ $^
# A program is linked with the library's name and finds it by its version's.
$B/librumpshm.so: $B/librumpshm.so.0
	@ln -sf $(<F) $@
$B/librumpshm.so.0: $(stack) $(lwip) $(wildcard stack/rump/rump.map)
# From the archive come only the few files that talk to a server.
$B/libshmhijack.so: $(hijack) $(look) $(rump) $(wildcard hijack/hijack.map)
$(lib) $(rump:.a=.so.0):
	$P$(shared) -ldl
# The part of the archive that is a bus.
$B/libvdeplug_shmif.so: $(call objs,bus/vdeplug/*.c) $(rump) \
	$(wildcard bus/vdeplug/plugin.map)
	$P$(shared)
$(shims): %.so: %.o
	$P$(shared)
# The help that users see is a text; the programs have it as a string.
$B/%_usage.c: %.usage
	@mkdir -p $(@D)
	$Qsed 's/["\\]/\\&/g; s/.*/"&\\n"/; 1s/^/const char $(*F)_usage[] =\n/; $$s/$$/;/' $< >$@
$B/%_usage.o: $B/%_usage.c $B/flags
	$P$(compile)
$B/completion: scripts/completion stack/ctl/completion.sh $(usages)
	$Qscripts/completion stack/ctl/completion.sh $(usages) >$@
$B/shmif_server: $(server) $B/stack/shmif_server_usage.o $(rump)
$B/shmif_relay: $(call objs,stack/relay/*.c) \
	$B/stack/relay/shmif_relay_usage.o $(rump)
$B/shmif_relay: with = -lnghttp2 -lssl -lcrypto
$B/shmhijack: $(call objs,hijack/launcher/*.c) \
	$B/hijack/launcher/shmhijack_usage.o $(look) $(rump)
# The library comes first: the tool's own socket() is to be the library's.
$B/shmif: $(call objs,stack/ctl/*.c) $B/stack/ctl/shmif_usage.o $(lib) $(rump)
$B/shmif: with = $(if $(RPATH),-Wl$c-rpath$c'$(RPATH)') -lpcap -lm
$B/shmif_entry: $(call objs,hijack/entry/*.c) $(lib) $(rump)
$B/shmif_entry: with = $(if $(RPATH),-Wl$c-rpath$c'$(RPATH)')
$(tests): %: %.o $(rump)
$(hooking): $(hook)
$B/tests/h_entry: with = $(if $(SAN),,-static)
$(bins) $(tests):
	$P$(link) $(filter %.o,$^) $(filter %.so %.a,$^) $(with) -ldl

demo:	## install what is missing, build, show it at work
check:	## install what is missing, build, test (T=unit, bats, lint or FILE)
check-all: ## the same with the tests that are long or need much (T=long: these)
bench:	## compare with the kernel's network (T=NAME..., BASE=FILE: then)
demo check check-all bench:
	$Qscripts/setup build demo $(needs-$@)
	$(make) $(jobs) tests
	$Q$(run-$@)
needs-check	:= test
needs-check-all	:= test all
needs-bench	:= bench
run-demo	= scripts/demo
run-check	= tests/run $T
run-check-all	= tests/run $(or $T,unit fuzz bats lint long)
run-bench	= scripts/bench
asan:	## make check with AddressSanitizer and UBSan, in $B/asan
	$(make) SAN=address,undefined B=$B/asan check
tsan:	## the unit programs with ThreadSanitizer, in $B/tsan
	$(make) SAN=thread B=$B/tsan T='$(or $T,unit)' check
MIN	?= 10
soak: tests	## mixed traffic, kills and restarts for MIN (10) minutes
	$Qtests/soak $(MIN)
FUZZ_S	?= 30
fuzz:	## each fuzz target for FUZZ_S (30) seconds, in $B/fuzz, by clang
	$(make) CC=clang SAN=fuzzer-no-link,address,undefined B=$B/fuzz \
		$(jobs) run-fuzz
# What is new goes to a folder in $B, what it fails on beside it.
run-fuzz: $(fuzz:%=%.run)
$(fuzz:%=%.run): n = $(basename $(@F))
$(fuzz:%=%.run): %.run: %
	@mkdir -p $B/corpus/$n
	@echo "$n for $(FUZZ_S) s" && timeout -k 5 $$(($(FUZZ_S) + 60)) \
		$< -max_total_time=$(FUZZ_S) -timeout=20 -rss_limit_mb=4096 \
		-close_fd_mask=1 -verbosity=0 -artifact_prefix=$(abspath \
		$B)/$n- $(abspath $B)/corpus/$n $(abspath tests/fuzz/corpus)/$n
# The relay's objects, but for those that a target includes.
$B/fuzz/f_relay: $(filter-out %/main.o %/watch.o %/serve.o,$(call objs,stack/relay/*.c))
$B/fuzz/f_relay: with = -lnghttp2 -lssl -lcrypto
$(fuzz): $B/%: tests/%.c $(rump) $B/flags
	@mkdir -p $(@D)
	$P$(CC) $(subst fuzzer-no-link,fuzzer,$(flags)) $(CFLAGS) -MMD -MP \
		-o $@ $< $(filter %.o,$^) $(rump) -ldl -lpcap $(with)
tidy: compile_commands.json	## clang-tidy, cppcheck, shellcheck, mandoc
	$Qtests/run tidy lint
fmt:	## clang-format every source file in place
	$Qclang-format -i $(wildcard */*.[ch] */*/*.[ch])
compile_commands.json:	## for editors and clang-tidy, in $B
	@mkdir -p $B && $(MAKE) -Bn V=1 tests | awk '/ -c -o / { \
	gsub(/[\\"]/, "\\\\&"); printf "%s{\"directory\":\"$(CURDIR)\"," \
	"\"file\":\"%s\",\"command\":\"%s\"}", n++ ? ",\n" : "[\n", $$NF, $$0 \
	} END { print "]" }' >$B/$@

# Paths may have spaces: no list of make's has one in it.
bindir	= $(DESTDIR)$(PREFIX)/bin
libdir	= $(DESTDIR)$(LIBDIR)
share	= $(DESTDIR)$(PREFIX)/share
incdir	= $(DESTDIR)$(PREFIX)/include/rump
netdir	= $(DESTDIR)$(PREFIX)/lib/shmif-net
extdir	= $(DESTDIR)$(EXTCAPDIR)
vdedir	= $(DESTDIR)$(VDEPLUGDIR)
unitdir	= $(DESTDIR)$(PREFIX)/lib/systemd/user
install: all	## into $(DESTDIR)$(PREFIX)
	install -d "$(bindir)" "$(libdir)/pkgconfig" "$(incdir)"
	install $(bins) $(tools) "$(bindir)"
	for i in $(cmds:%=rump.%) $(olds); do ln -sf shmif "$(bindir)/$$i"; done
	ln -sf shmif_server "$(bindir)/rump_server"
	install -d "$(extdir)" && ln -srf "$(bindir)/shmif" "$(extdir)/shmif"
	install -m 644 $(filter-out %m.so,$(libs)) "$(libdir)"
	for i in $(plugin); do install -m 644 -D -t "$(vdedir)" $$i || exit; done
	ln -sf librumpshm.so.0 "$(libdir)/librumpshm.so"
	ln -sf libshmhijack.so "$(libdir)/librumphijack.so"
	for i in $(pcs); do sed $(foreach i,PREFIX LIBDIR VERSION,-e \
		's|@$i@|$(subst $(space),\\ ,$($i))|') $$i | install -m 644 /dev/stdin \
		"$(libdir)/pkgconfig/$${i##*/}" || exit; done
	install -d "$(unitdir)"
	for i in $(units); do sed 's|@PREFIX@|$(PREFIX)|' $$i | install -m 644 \
		/dev/stdin "$(unitdir)/$${i##*/}" || exit; done
	install -m 644 -D -t "$(netdir)/netlib" $(netlib)
	install -m 644 -D -t "$(DESTDIR)$(PYTHONDIR)" scripts/shmif.py
	install -m 644 -D $B/completion "$(share)/$(comp)/shmif"
	install -m 644 -D $B/completion "$(share)/$(zcomp)"
	for i in $(others); do ln -sf shmif "$(share)/$(comp)/$$i"; done
	install -m 644 $(heads) "$(incdir)"
	for i in $(mans); do install -m 644 -D -t \
		"$(share)/man/man$${i##*.}" $$i || exit; done
	for i in $(cmds:%=rump.%) $(olds); do \
		ln -sf shmif.1 "$(share)/man/man1/$$i.1"; done
	ln -sf shmif_server.1 "$(share)/man/man1/rump_server.1"
uninstall:	## remove exactly that
	for i in $(notdir $(bins) $(tools)) rump_server $(cmds:%=rump.%) $(olds); \
		do rm -f "$(bindir)/$$i"; done
	rm -f "$(extdir)/shmif" "$(vdedir)/libvdeplug_shmif.so"
	for i in $(notdir $(units)); do rm -f "$(unitdir)/$$i"; done
	for i in $(notdir $(libs)) librumphijack.so \
		$(addprefix pkgconfig/,$(notdir $(pcs))); \
		do rm -f "$(libdir)/$$i"; done
	for i in $(zcomp) $(addprefix $(comp)/,shmif $(others)) \
		$(foreach i,$(mans),man/man$(lastword $(subst ., ,$i))/$(notdir $i)) \
		$(foreach i,$(cmds:%=rump.%) $(olds) rump_server,man/man1/$i.1); \
		do rm -f "$(share)/$$i"; done
	for i in $(notdir $(heads)); do rm -f "$(incdir)/$$i"; done
	for i in $(notdir $(netlib)); do rm -f "$(netdir)/netlib/$$i"; done
	rm -f "$(DESTDIR)$(PYTHONDIR)/shmif.py"
	for i in "$(incdir)" "$(netdir)/netlib" "$(netdir)"; do \
		! [ -d "$$i" ] || rmdir "$$i"; done
dist:	## the source with lwIP's beside it, to build without a network, in $B
	$Qscripts/dist shmhijack-$(VERSION) $B
deb: dist	## packages for Debian, in $B/deb
	$Qscripts/setup build deb
	$Qgrep -q '^shmhijack ($(VERSION)-' scripts/debian/changelog || { echo \
		"scripts/debian/changelog has no version $(VERSION)" >&2; exit 1; }
	$Qrm -rf $B/deb && mkdir $B/deb && cp $B/shmhijack-$(VERSION).tar.xz \
		$B/deb/shmhijack_$(VERSION).orig.tar.xz
	$Qcd $B/deb && tar xf *.orig.tar.xz && cp -r "$(CURDIR)/scripts/debian" \
		shmhijack-$(VERSION) && cd shmhijack-$(VERSION) && \
		env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u B -u SAN -u CC \
		dpkg-buildpackage -us -uc >../log 2>&1 || { tail -n 30 ../log >&2; exit 1; }
	@ls -1 $B/deb/*.deb
clean:	## remove $B
	rm -rf $B
help:
	@echo 'make [TARGET] [B=DIR] [V=1] [WERROR=1] [CC=clang] [SAN=thread]'
	@sed -n 's/^\([a-z_.]*\):.*\t## \(.*\)/\1\t\2/p' Makefile | \
	sed 's,$$B,$B,' | expand -t 24

-include $(filter-out $B/unpacked/%,$(wildcard $B/*/*.d $B/*/*/*.d \
	$B/*/*/*/*.d))
