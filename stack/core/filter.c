/*
 * filter.c: BPF programs, checked and run by libpcap; see filter.h.
 *
 * The library is looked for when the first program comes: few hosts need it,
 * and it brings others with it, which a host's start would wait for.
 */
#include "stack/core/filter.h"

#include <dlfcn.h>
#include <errno.h>
#include <linux/filter.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "stack/core/log.h"

/* Linux's instruction is libpcap's, byte for byte. */
struct filter {
	int n;
	struct sock_filter insn[];
};

static int (*validate)(const struct sock_filter *f, int n);
static unsigned (*run)(const struct sock_filter *f, const unsigned char *p,
    unsigned wire_len, unsigned len);

static bool find_library(void)
{
	static const char *const names[] = {
		"libpcap.so.0.8", "libpcap.so.1", "libpcap.so",
	};
	static bool tried;
	void *lib = NULL;

	if (tried)
		return run;
	tried = true;
	for (size_t i = 0; !lib && i < sizeof(names) / sizeof(names[0]); i++)
		lib = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
	if (!lib) {
		log_err("no libpcap here: packet sockets take no filters");
		return false;
	}
	*(void **)&validate = dlsym(lib, "bpf_validate");
	*(void **)&run = dlsym(lib, "bpf_filter");
	if (!validate)
		run = NULL;
	return run;
}

/* Data of the packet's own, by offsets that Linux gave other meanings. */
static bool asks_linux(const struct filter *f)
{
	for (int i = 0; i < f->n; i++) {
		const struct sock_filter *s = &f->insn[i];
		int class = BPF_CLASS(s->code), mode = BPF_MODE(s->code);

		if ((class == BPF_LD || class == BPF_LDX) && (int)s->k < 0 &&
		    (mode == BPF_ABS || mode == BPF_IND || mode == BPF_MSH))
			return true;
	}
	return false;
}

/*
 * The instructions that Linux takes.  libpcap checks where they lead, and
 * ends the process at one that it does not know.
 */
static bool is_code(uint16_t code)
{
	static const uint8_t codes[] = {
		BPF_LD | BPF_W | BPF_ABS, BPF_LD | BPF_H | BPF_ABS,
		BPF_LD | BPF_B | BPF_ABS, BPF_LD | BPF_W | BPF_IND,
		BPF_LD | BPF_H | BPF_IND, BPF_LD | BPF_B | BPF_IND,
		BPF_LD | BPF_W | BPF_LEN, BPF_LD | BPF_IMM, BPF_LD | BPF_MEM,
		BPF_LDX | BPF_W | BPF_LEN, BPF_LDX | BPF_IMM,
		BPF_LDX | BPF_MEM, BPF_LDX | BPF_B | BPF_MSH,
		BPF_ST, BPF_STX,
		BPF_ALU | BPF_ADD | BPF_K, BPF_ALU | BPF_ADD | BPF_X,
		BPF_ALU | BPF_SUB | BPF_K, BPF_ALU | BPF_SUB | BPF_X,
		BPF_ALU | BPF_MUL | BPF_K, BPF_ALU | BPF_MUL | BPF_X,
		BPF_ALU | BPF_DIV | BPF_K, BPF_ALU | BPF_DIV | BPF_X,
		BPF_ALU | BPF_MOD | BPF_K, BPF_ALU | BPF_MOD | BPF_X,
		BPF_ALU | BPF_AND | BPF_K, BPF_ALU | BPF_AND | BPF_X,
		BPF_ALU | BPF_OR | BPF_K, BPF_ALU | BPF_OR | BPF_X,
		BPF_ALU | BPF_XOR | BPF_K, BPF_ALU | BPF_XOR | BPF_X,
		BPF_ALU | BPF_LSH | BPF_K, BPF_ALU | BPF_LSH | BPF_X,
		BPF_ALU | BPF_RSH | BPF_K, BPF_ALU | BPF_RSH | BPF_X,
		BPF_ALU | BPF_NEG,
		BPF_JMP | BPF_JA,
		BPF_JMP | BPF_JEQ | BPF_K, BPF_JMP | BPF_JEQ | BPF_X,
		BPF_JMP | BPF_JGE | BPF_K, BPF_JMP | BPF_JGE | BPF_X,
		BPF_JMP | BPF_JGT | BPF_K, BPF_JMP | BPF_JGT | BPF_X,
		BPF_JMP | BPF_JSET | BPF_K, BPF_JMP | BPF_JSET | BPF_X,
		BPF_RET | BPF_K, BPF_RET | BPF_A,
		BPF_MISC | BPF_TAX, BPF_MISC | BPF_TXA,
	};

	for (size_t i = 0; i < sizeof(codes); i++)
		if (codes[i] == code)
			return true;
	return false;
}

static int check(const struct filter *f)
{
	for (int i = 0; i < f->n; i++)
		if (!is_code(f->insn[i].code))
			return -EINVAL;
	if (asks_linux(f))
		return -ENOPROTOOPT;
	return validate(f->insn, f->n) ? 0 : -EINVAL;
}

int filter_new(struct filter **out, int fd, uint32_t n)
{
	size_t bytes = n * sizeof(struct sock_filter);
	struct filter *f;
	int err = 0;

	if (!n || n > BPF_MAXINSNS)
		return -EINVAL;
	if (!find_library())
		return -ENOPROTOOPT;
	f = malloc(sizeof(*f) + bytes);
	if (!f)
		return -ENOMEM;
	f->n = (int)n;
	if (pread(fd, f->insn, bytes, 0) != (ssize_t)bytes)
		err = -EFAULT;
	else
		err = check(f);
	if (err) {
		free(f);
		return err;
	}
	*out = f;
	return 0;
}

void filter_free(struct filter *f)
{
	free(f);
}

size_t filter_run(const struct filter *f, const void *packet, size_t len)
{
	size_t want = len;

	if (f)
		want = run(f->insn, packet, (unsigned)len, (unsigned)len);
	return want < len ? want : len;
}
