/*
 * dl.c: dlopen, dlmopen, dlsym, dlvsym: a program that takes libc by its
 * name, or loads what is to find libc first, gets our hooks all the same.
 *
 * ld.so looks at the return address to know who calls: whose RUNPATH and whose
 * namespace count, and what is next.  So our functions do not call it but end
 * in a jump to it, with the stack as they found it.
 */
#include "hijack/dl.h"

#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <link.h>

#include "hijack/elfsym.h"
#include "hijack/next.h"

#define BEHIND_MAX	8

struct args {
	long v[3];	/* as the caller gave them; v[0] is also the result */
};

/* Where the caller goes on, beside the arguments on the stack. */
#ifdef __aarch64__
#define CALLER(a)	((void *)((long *)(a))[-1])
#else
#define CALLER(a)	((void *)((long *)(a))[3])
#endif

static struct {
	void *(*open)(const char *, int);
	void *(*mopen)(Lmid_t, const char *, int);
	void *(*sym)(void *, const char *);
	void *(*vsym)(void *, const char *, const char *);
	const struct link_map *self, *libc;
	uintptr_t in_libc[2];
} dl;

/* Libraries other than libc that define what our hooks go on to. */
static struct {
	uintptr_t in[BEHIND_MAX][2];
	unsigned n;
} behind;

/* The next definition after ours, in the order of loading. */
static void *after_us(const char *name)
{
	for (const struct link_map *m = dl.self; m; m = m->l_next) {
		void *p = m == dl.self ? NULL : elfsym_find(m, name);

		if (p)
			return p;
	}
	return elfsym_find(dl.libc, name);
}

/* More than once does no harm: it is always the same that is found. */
static void find(void)
{
	static bool done;

	if (likely(__atomic_load_n(&done, __ATOMIC_ACQUIRE)))
		return;
	dl.self = elfsym_object((void *)find);
	dl.libc = elfsym_object((void *)gnu_get_libc_version);
	elfsym_extent(dl.libc, dl.in_libc);
	*(void **)&dl.open = after_us("dlopen");
	*(void **)&dl.mopen = after_us("dlmopen");
	*(void **)&dl.sym = after_us("dlsym");
	*(void **)&dl.vsym = after_us("dlvsym");
	__atomic_store_n(&done, true, __ATOMIC_RELEASE);
}

static bool within(const uintptr_t in[2], const void *p)
{
	return (uintptr_t)p - in[0] < in[1] - in[0];
}

bool dl_behind_us(const void *code)
{
	unsigned n = __atomic_load_n(&behind.n, __ATOMIC_ACQUIRE);

	for (unsigned i = 0; i < n; i++)
		if (within(behind.in[i], code))
			return true;
	return false;
}

static void goes_on_to(const void *code)
{
	const struct link_map *m;

	if (behind.n == BEHIND_MAX || within(dl.in_libc, code) ||
	    dl_behind_us(code))
		return;
	m = elfsym_object(code);
	if (!m || m == dl.self)
		return;
	elfsym_extent(m, behind.in[behind.n]);
	__atomic_store_n(&behind.n, behind.n + 1, __ATOMIC_RELEASE);
}

void dl_look_behind(void)
{
#define LOOK(ret, name, par, raw)	goes_on_to((void *)next.name);
	NEXT_CALLS(LOOK)
#undef LOOK
}

void *dl_next(const char *name)
{
	void *volatile p;

	find();
	p = dl.sym(RTLD_NEXT, name);	/* volatile: no jump, our address */
	return p;
}

static bool works(void)
{
	find();
	return !hj_dormant && hj_set.families;
}

/*
 * These look at the arguments, may change them, and say which function is to
 * be gone on with; NULL: the result is in v[0].
 */
#define DECIDE	__attribute__((used)) HJ_HIDDEN void

/* What is opened finds our hooks before libc, as it would without the flag. */
DECIDE *dl_decide_open(struct args *a)
{
	if (works())
		a->v[1] &= ~(long)RTLD_DEEPBIND;
	return *(void **)&dl.open;
}

/* Another namespace has a libc of its own: it gets a copy of us before. */
DECIDE *dl_decide_mopen(struct args *a)
{
	Lmid_t ns = LM_ID_BASE;
	void *h = NULL;

	if (!works())
		return *(void **)&dl.mopen;
	a->v[2] &= ~(long)RTLD_DEEPBIND;
	if (a->v[0] == LM_ID_NEWLM)
		h = dl.mopen(LM_ID_NEWLM, dl.self->l_name, RTLD_NOW);
	if (h && !dlinfo(h, RTLD_DI_LMID, &ns))
		a->v[0] = ns;
	return *(void **)&dl.mopen;
}

/* Does our hook of that name go on to who asks for it? */
static bool comes_from_us(const char *name, const void *caller)
{
	const void *p = dl_next(name);

	return p && elfsym_object(p) == elfsym_object(caller);
}

/*
 * Who asks for the next one after itself, or for the first of all, gets it;
 * the first of a version is never ours, which have none.  Who asks a library
 * gets ours instead of libc's, but for a wrapper behind us.  Return: whether
 * that is the result.
 */
static bool decide(struct args *a, const char *version)
{
	void *handle = (void *)a->v[0], *hook, *sym;
	const char *name = (const char *)a->v[1];

	hook = elfsym_find(dl.self, name);
	if (!hook || handle == RTLD_NEXT || (handle == RTLD_DEFAULT &&
	    !version))
		return false;
	sym = version ? dl.vsym(handle, name, version) : dl.sym(handle, name);
	if (sym && elfsym_object(sym) == dl.libc &&
	    !comes_from_us(name, CALLER(a)))
		sym = hook;
	else if (handle == RTLD_DEFAULT)
		return false;	/* who calls may see more than we */
	a->v[0] = (long)sym;
	return true;
}

DECIDE *dl_decide_sym(struct args *a)
{
	return works() && decide(a, NULL) ? NULL : *(void **)&dl.sym;
}

DECIDE *dl_decide_vsym(struct args *a)
{
	return works() && decide(a, (const char *)a->v[2]) ? NULL :
	    *(void **)&dl.vsym;
}

/* A sanitizer asks dlsym before any code that it has changed may run. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define NO_HOOKS
#elif defined(__x86_64__)
__asm__(
"	.macro	hook name, how\n"
"	.globl	\\name\n"
"	.type	\\name, @function\n"
"\\name:	.cfi_startproc\n"
"	endbr64\n"
"	pushq	%rdx\n"
"	pushq	%rsi\n"
"	pushq	%rdi\n"
"	.cfi_adjust_cfa_offset 24\n"
"	movq	%rsp, %rdi\n"
"	call	dl_decide_\\how\n"
"	popq	%rdi\n"
"	popq	%rsi\n"
"	popq	%rdx\n"
"	.cfi_adjust_cfa_offset -24\n"
"	testq	%rax, %rax\n"
"	jz	1f\n"
"	jmpq	*%rax\n"
"1:	movq	%rdi, %rax\n"
"	ret\n"
"	.cfi_endproc\n"
"	.size	\\name, . - \\name\n"
"	.endm\n");
#elif defined(__aarch64__)
__asm__(
"	.macro	hook name, how\n"
"	.globl	\\name\n"
"	.type	\\name, @function\n"
"\\name:	.cfi_startproc\n"
"	hint	#34\n"
"	stp	x29, x30, [sp, #-48]!\n"
"	.cfi_def_cfa_offset 48\n"
"	.cfi_offset 29, -48\n"
"	.cfi_offset 30, -40\n"
"	stp	x0, x1, [sp, #16]\n"
"	str	x2, [sp, #32]\n"
"	add	x0, sp, #16\n"
"	bl	dl_decide_\\how\n"
"	mov	x16, x0\n"
"	ldp	x0, x1, [sp, #16]\n"
"	ldr	x2, [sp, #32]\n"
"	ldp	x29, x30, [sp], #48\n"
"	.cfi_restore 29\n"
"	.cfi_restore 30\n"
"	.cfi_def_cfa_offset 0\n"
"	cbz	x16, 1f\n"
"	br	x16\n"
"1:	ret\n"
"	.cfi_endproc\n"
"	.size	\\name, . - \\name\n"
"	.endm\n");
#else
#error "dl.c: add this machine's way to jump on to another function"
#endif
#ifndef NO_HOOKS
__asm__(
"	.text\n"
"	hook	dlopen, open\n"
"	hook	dlmopen, mopen\n"
"	hook	dlsym, sym\n"
"	hook	dlvsym, vsym\n");
#endif
