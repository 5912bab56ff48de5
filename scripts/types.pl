#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0
#
# usage: types.pl VMLINUX_H >include/node_ext_types.h
# Take the types that a policy uses, and what they are made of, out of a
# vmlinux.h. A struct that is only pointed at is declared, or is empty.
use strict;
use warnings;

# The interface, the maps and what may lie in their values, the iterators of
# libbpf's macros. An enum without a name is told by its first enumerator.
my @roots = (
	'struct node_device_ops',
	(map { "struct node_$_" } qw(admit_ctx class_ctx fault_ctx folio_info
		hot_ctx migrated_ctx policy_exit policy_info press_ctx
		victim_ctx)),
	'struct bpf_iter_node_device_folio',
	(map { "enum node_$_" } qw(admit device_abi device_move folio_flags
		hot_source policy_exit_kind pressure promote reclaimer stat
		victim)),
	(map { "struct bpf_$_" } qw(dynptr iter_num list_head list_node
		rb_node rb_root refcount res_spin_lock spin_lock timer wq)),
	'enum bpf_map_type',
	(map { "enum $_" } qw(false BPF_ANY BPF_F_NO_PREALLOC BPF_F_INDEX_MASK
		BPF_LOCAL_STORAGE_GET_F_CREATE BPF_RB_NO_WAKEUP)),
	(map { "typedef $_" } qw(bool size_t
		u8 u16 u32 u64 s8 s16 s32 s64
		__u8 __u16 __u32 __u64 __s8 __s16 __s32 __s64
		__be16 __be32 __be64 __le16 __le32 __le64 __sum16 __wsum)),
);

# Given to kernel functions, but not looked into: libbpf compares the types of
# arguments, and a struct that is only declared is none to it.
my %opaque = ('struct folio' => 1);

sub fail {
	print STDERR "error: $_[0]\n       $_[1]\n";
	exit 1;
}

# Definitions in their order, each with its name as above; declarations last.
my (@blocks, %block);

sub read_blocks {
	my ($file) = @_;
	my ($text, $name) = ('', '');

	open my $in, '<', $file or fail("cannot read $file: $!", 'make kernel makes one.');
	while (<$in>) {
		if ($text eq '') {
			next if /^(struct|union) \w+;/;
			if (/^typedef .*?(\w+)(\[\w+\])*;$/ || /^typedef .*\(\*(\w+)\)/) {
				$name = "typedef $1";
			} elsif (/^((?:struct|union|enum) \w+)(?: : \w+(?: \w+)*)? \{/) {
				$name = $1;
			} elsif (/^enum (?:: \w+(?: \w+)* )?\{/) {
				$name = '';
			} elsif (/^typedef (struct|union|enum)/) {
				$name = '(typedef)';
			} else {
				next;
			}
		}
		$text .= $_;
		$name = "enum $1" if $name eq '' && /^\t(\w+)/;
		next unless /;$/ && (/^\}/ || $text eq $_);
		$name = "typedef $1" if $name eq '(typedef)' && /(\w+);$/;
		push @blocks, { name => $name, text => $text } unless $block{$name};
		$block{$name} //= $blocks[-1];
		($text, $name) = ('', '');
	}
	close $in;
}

# Take a definition, and before it those that it is made of.
my (%taken, %pointed_at);

sub take {
	my ($name) = @_;

	return if $taken{$name}++;
	my $text = $block{$name}{text};
	while ($text =~ /\b((?:struct|union|enum) \w+)( \*)?/g) {
		next if $1 eq $name;
		if ($2) {
			$pointed_at{$1} = 1;
		} elsif ($block{$1}) {
			take($1);
		}
	}
	# The types stand first in a line, in a typedef, and among arguments.
	while ($text =~ /(?:^\t+|^typedef |[(,] ?)(?:const )?(\w+)\b/mg) {
		take("typedef $1") if $block{"typedef $1"};
	}
}

@ARGV == 1 or fail('no vmlinux.h was named', 'usage: types.pl VMLINUX_H');
read_blocks($ARGV[0]);
for (@roots) {
	$block{$_} or fail("$ARGV[0] has no $_",
			   'It is not from a kernel with the series, or this script needs a change.');
	take($_);
}

print <<'HEAD';
/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's types, as far as a policy uses them.  Made by scripts/types.pl
 * (make types): do not edit.
 *
 * A policy is compiled with these and loaded by any kernel that has the
 * interface: when it is loaded, libbpf takes the offset of each member from that
 * kernel.  A policy that looks into other types of the kernel declares what it
 * reads of them in the same way (of struct folio, as struct folio___mine), or
 * includes a whole vmlinux.h before node_ext.bpf.h, and these types are left out.
 */
#ifndef __NODE_EXT_TYPES_H
#define __NODE_EXT_TYPES_H

#ifdef __clang__
#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)
#endif
HEAD
my @declared = grep { !$taken{$_} && /^(?:struct|union) / } sort keys %pointed_at;
print "\n" if @declared;
print $opaque{$_} ? "$_ {\n};\n" : "$_;\n" for @declared;
# Those that are defined further down, and are pointed at before.
my %defined;
for my $b (grep { $taken{$_->{name}} } @blocks) {
	my @ahead;

	for ($b->{text} =~ /\b((?:struct|union) \w+) \*/g) {
		next if $defined{$_} || !$taken{$_} || $_ eq $b->{name};
		push @ahead, "$_;\n" unless $defined{"$_;"}++;
	}
	print "\n", @ahead if @ahead;
	print "\n$b->{text}";
	$defined{$b->{name}} = 1;
}
print <<'TAIL';

#ifdef __clang__
#pragma clang attribute pop
#endif

#endif /* __NODE_EXT_TYPES_H */
TAIL
