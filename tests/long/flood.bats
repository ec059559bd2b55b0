#!/usr/bin/env bats
# Floods that take longer than those of 056-flood.bats: of segments that wait
# for others, where each is put in its place of a long queue.

load ../helpers
load ../helpers.net
load ../helpers.flood

@test "150,000 bytes of one connection, none in order" {
	flood holes 150000
	run_cmd on b nc -zv -w 5 10.0.0.1 7
}

@test "300,000 segments out of order over 100 connections" {
	flood reorder 300000 8
	has_counted tcp.reass_full
	comes_back
}
