/* pingtext.c: ICMP errors in the words of ping(8). */
#include "stack/ctl/ping.h"

#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <sys/socket.h>

static const char *const unreachable4[] = {
	[ICMP_NET_UNREACH] = "Destination Net Unreachable",
	[ICMP_HOST_UNREACH] = "Destination Host Unreachable",
	[ICMP_PROT_UNREACH] = "Destination Protocol Unreachable",
	[ICMP_PORT_UNREACH] = "Destination Port Unreachable",
	[ICMP_SR_FAILED] = "Source Route Failed",
	[ICMP_NET_UNKNOWN] = "Destination Net Unknown",
	[ICMP_HOST_UNKNOWN] = "Destination Host Unknown",
	[ICMP_HOST_ISOLATED] = "Source Host Isolated",
	[ICMP_NET_ANO] = "Destination Net Prohibited",
	[ICMP_HOST_ANO] = "Destination Host Prohibited",
	[ICMP_NET_UNR_TOS] = "Destination Net Unreachable for Type of Service",
	[ICMP_HOST_UNR_TOS] = "Destination Host Unreachable for Type of "
	    "Service",
	[ICMP_PKT_FILTERED] = "Packet filtered",
	[ICMP_PREC_VIOLATION] = "Precedence Violation",
	[ICMP_PREC_CUTOFF] = "Precedence Cutoff",
};

static const char *const unreachable6[] = {
	[ICMP6_DST_UNREACH_NOROUTE] = "No route",
	[ICMP6_DST_UNREACH_ADMIN] = "Administratively prohibited",
	[ICMP6_DST_UNREACH_BEYONDSCOPE] = "Beyond scope of source address",
	[ICMP6_DST_UNREACH_ADDR] = "Address unreachable",
	[ICMP6_DST_UNREACH_NOPORT] = "Port unreachable",
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void text4(char *dst, size_t size, uint8_t type, uint8_t code,
    uint32_t info)
{
	if (type == ICMP_DEST_UNREACH && code == ICMP_FRAG_NEEDED)
		snprintf(dst, size, "Frag needed and DF set (mtu = %u)", info);
	else if (type == ICMP_DEST_UNREACH && code < COUNT(unreachable4) &&
	    unreachable4[code])
		snprintf(dst, size, "%s", unreachable4[code]);
	else if (type == ICMP_DEST_UNREACH)
		snprintf(dst, size, "Dest Unreachable, Bad Code: %u", code);
	else if (type == ICMP_TIME_EXCEEDED && code <= ICMP_EXC_FRAGTIME)
		snprintf(dst, size, "%s", code == ICMP_EXC_TTL ?
		    "Time to live exceeded" : "Frag reassembly time exceeded");
	else if (type == ICMP_PARAMETERPROB)
		snprintf(dst, size, "Parameter problem: pointer = %u", info);
	else if (type == ICMP_SOURCE_QUENCH)
		snprintf(dst, size, "Source Quench");
	else
		snprintf(dst, size, "Bad ICMP type: %u", type);
}

static void text6(char *dst, size_t size, uint8_t type, uint8_t code,
    uint32_t info)
{
	if (type == ICMP6_DST_UNREACH && code < COUNT(unreachable6))
		snprintf(dst, size, "Destination unreachable: %s",
		    unreachable6[code]);
	else if (type == ICMP6_DST_UNREACH)
		snprintf(dst, size, "Destination unreachable: Unknown code %u",
		    code);
	else if (type == ICMP6_PACKET_TOO_BIG)
		snprintf(dst, size, "Packet too big: mtu=%u", info);
	else if (type == ICMP6_TIME_EXCEEDED)
		snprintf(dst, size, "Time exceeded: %s",
		    code == ICMP6_TIME_EXCEED_TRANSIT ? "Hop limit" :
		    code == ICMP6_TIME_EXCEED_REASSEMBLY ?
		    "Defragmentation failure" : "code unknown");
	else if (type == ICMP6_PARAM_PROB)
		snprintf(dst, size, "Parameter problem: at %u", info);
	else
		snprintf(dst, size, "unknown icmp type: %u", type);
}

void ping_icmp_text(char *dst, size_t size, int family, uint8_t type,
    uint8_t code, uint32_t info)
{
	if (family == AF_INET)
		text4(dst, size, type, code, info);
	else
		text6(dst, size, type, code, info);
}
