/* dumpfilter.c: filters, with the names of members; see dumpfilter.h. */
#include "stack/ctl/dumpfilter.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "bus/bus.h"
#include "stack/ctl/text.h"

#define SNAPLEN	262144
#define ENDS	" \t\n()!"	/* what ends a word */

static bool is(const char *word, size_t n, const char *what)
{
	return strlen(what) == n && !memcmp(word, what, n);
}

/* "(10.0.0.1 or fd00::1)" in place of the member's name. */
static bool put_member(FILE *to, struct bus *b, const char *word, size_t n)
{
	char ip[TEXT_IPLEN];
	struct bus_member m;
	unsigned k = 0;

	for (unsigned slot = 0; slot < BUS_HOSTS && !k; slot++) {
		if (bus_host(b, slot, &m) != 1 || !m.name[0] ||
		    !is(word, n, m.name))
			continue;
		for (int i = 0; i < BUS_ADDRS; i++)
			if (m.addr[i].family)
				fprintf(to, "%s%s", k++ ? " or " : "(",
				    text_ip(ip, m.addr[i].family,
				    m.addr[i].addr));
	}
	if (k)
		fputc(')', to);
	return k;
}

/* A name may stand behind these; libpcap would ask a name server for it. */
static bool before_host(const char *word, size_t n)
{
	return is(word, n, "host") || is(word, n, "src") || is(word, n, "dst");
}

static bool joins(const char *word, size_t n)
{
	return is(word, n, "or") || is(word, n, "and") || is(word, n, "not");
}

static void put_text(FILE *to, struct bus *b, const char *p)
{
	bool host = false;	/* a host may stand here */
	bool was = false;	/* and stood before an "or" */
	size_t n;

	while (*p) {
		n = strcspn(p, ENDS);
		if (!n) {
			fputc(*p++, to);
			continue;
		}
		if (host && put_member(to, b, p, n)) {
			was = true;
		} else {
			fwrite(p, 1, n, to);
			was = was && joins(p, n);
		}
		host = before_host(p, n) || (was && joins(p, n));
		p += n;
	}
}

/* The words as one text.  Return: NULL: out of memory; else free() it. */
static char *join(struct bus *b, int words, char **word)
{
	char *all = NULL, *text = NULL;
	size_t size;
	FILE *to = open_memstream(&all, &size);

	if (!to)
		return NULL;
	for (int i = 0; i < words; i++)
		fprintf(to, "%s%s", i ? " " : "", word[i]);
	if (fclose(to) || !(to = open_memstream(&text, &size))) {
		free(all);
		return NULL;
	}
	put_text(to, b, all);
	free(all);
	return fclose(to) ? NULL : text;
}

int dumpfilter_compile(struct bpf_program *prog, struct bus *b, int words,
    char **word, char err[static PCAP_ERRBUF_SIZE])
{
	pcap_t *p = pcap_open_dead(DLT_EN10MB, SNAPLEN);
	char *text = join(b, words, word);
	int e = -1;

	if (!p || !text)
		snprintf(err, PCAP_ERRBUF_SIZE, "out of memory");
	else if (!(e = pcap_compile(p, prog, text, 1, PCAP_NETMASK_UNKNOWN)))
		err[0] = '\0';
	else
		snprintf(err, PCAP_ERRBUF_SIZE, "%s", pcap_geterr(p));
	free(text);
	if (p)
		pcap_close(p);
	return e ? -1 : 0;
}
