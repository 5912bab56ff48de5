// SPDX-License-Identifier: GPL-2.0
/*
 * Is this file a BPF object at all?  libbpf would refuse what is refused
 * here, too, but without telling a shell script from a truncated download or
 * from an object that was built for the host.
 *
 * Nothing in the file is trusted: every offset is checked against its size.
 */
#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "elfcheck.h"

#ifndef EM_BPF
#define EM_BPF 247
#endif

#if __BYTE_ORDER == __LITTLE_ENDIAN
#define HOST_DATA	ELFDATA2LSB
#define HOST_ORDER	"little-endian"
#define OTHER_ORDER	"big-endian"
#define HOST_TARGET	"bpfel"
#else
#define HOST_DATA	ELFDATA2MSB
#define HOST_ORDER	"big-endian"
#define OTHER_ORDER	"little-endian"
#define HOST_TARGET	"bpfeb"
#endif

static const char hint_compile[] =
	"Compile the policy as docs/write-a-policy.md says: clang -target bpf -g -O2 -I ... -c.";
static const char hint_copy[] = "Build or copy it again.";

static const struct {
	unsigned int machine;
	const char *name;
} machines[] = {
	{ EM_386, "i386" },	{ EM_X86_64, "x86-64" },
	{ EM_ARM, "arm" },	{ EM_AARCH64, "arm64" },
	{ EM_PPC64, "ppc64" },	{ EM_S390, "s390" },
	{ EM_RISCV, "riscv" },
};

static const char *machine_name(unsigned int machine)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(machines); i++)
		if (machines[i].machine == machine)
			return machines[i].name;
	return "another machine";
}

static bool in_file(uint64_t off, uint64_t len, size_t size)
{
	return off <= size && len <= size - off;
}

static int check_header(const Elf64_Ehdr *eh, size_t size, struct failure *f)
{
	if (!size)
		return fail(f, -EINVAL, hint_copy, "the file is empty, not a BPF object");
	if (size < SELFMAG || memcmp(eh->e_ident, ELFMAG, SELFMAG))
		return fail(f, -EINVAL, hint_compile,
			    "it is not an ELF file");
	if (size < sizeof(*eh))
		return fail(f, -EINVAL, hint_copy,
			    "the ELF file is truncated (%zu bytes, not even its header)",
			    size);
	/* e_machine and e_type lie at the same place in both ELF classes. */
	if (eh->e_ident[EI_DATA] != HOST_DATA) {
		uint16_t machine = __builtin_bswap16(eh->e_machine);

		if (machine != EM_BPF)
			return fail(f, -EINVAL, hint_compile,
				    "it is an ELF file for %s, not a BPF object",
				    machine_name(machine));
		return fail(f, -EINVAL,
			    "Compile it with \"-target bpf\" on this machine, or with \"-target " HOST_TARGET "\".",
			    "it was built for a " OTHER_ORDER " machine, this one is "
			    HOST_ORDER);
	}
	if (eh->e_machine != EM_BPF)
		return fail(f, -EINVAL, hint_compile,
			    "it is an ELF file for %s, not a BPF object",
			    machine_name(eh->e_machine));
	if (eh->e_ident[EI_CLASS] != ELFCLASS64)
		return fail(f, -EINVAL, hint_compile,
			    "it is not a 64-bit ELF file");
	if (eh->e_type != ET_REL)
		return fail(f, -EINVAL,
			    "Compile it with \"-c\" and do not link it.",
			    "it is not a relocatable object (ELF type %u)",
			    eh->e_type);
	return 0;
}

/* A section's name, or NULL when it does not end inside the string table. */
static const char *section_name(const char *strings, uint64_t len, uint32_t off)
{
	if (off >= len || !memchr(strings + off, '\0', len - off))
		return NULL;
	return strings + off;
}

static int check_section_table(const Elf64_Ehdr *eh, size_t size,
			       struct failure *f)
{
	uint64_t len = (uint64_t)eh->e_shnum * sizeof(Elf64_Shdr);

	if (!eh->e_shnum || eh->e_shentsize != sizeof(Elf64_Shdr) ||
	    eh->e_shstrndx >= eh->e_shnum)
		return fail(f, -EINVAL, hint_copy,
			    "the ELF file is damaged (no section table)");
	if (!in_file(eh->e_shoff, len, size))
		return fail(f, -EINVAL, hint_copy,
			    "the ELF file is truncated (section table ends at byte %llu of %zu)",
			    (unsigned long long)(eh->e_shoff + len), size);
	return 0;
}

/* A section's header, which need not be aligned in the file. */
static Elf64_Shdr section(const void *data, const Elf64_Ehdr *eh, unsigned int nr)
{
	Elf64_Shdr sh;

	memcpy(&sh, (const char *)data + eh->e_shoff + (size_t)nr * sizeof(sh),
	       sizeof(sh));
	return sh;
}

/* Sections that tell whether an object is a policy. */
enum {
	SECTION_BTF		= 1 << 0,
	SECTION_STRUCT_OPS	= 1 << 1,
	SECTION_LINK		= 1 << 2,
};

static unsigned int section_kind(const char *name)
{
	if (!strcmp(name, ".BTF"))
		return SECTION_BTF;
	if (!strcmp(name, ".struct_ops"))
		return SECTION_STRUCT_OPS;
	if (!strcmp(name, ".struct_ops.link"))
		return SECTION_LINK;
	return 0;
}

static int check_kinds(unsigned int kinds, struct failure *f)
{
	if (!(kinds & SECTION_BTF))
		return fail(f, -EINVAL,
			    "Compile it with -g, and do not strip the section .BTF.",
			    "the object has no BTF");
	if (kinds & SECTION_LINK)
		return 0;
	if (kinds & SECTION_STRUCT_OPS)
		return fail(f, -EINVAL,
			    "Put the struct node_device_ops into SEC(\".struct_ops.link\").",
			    "its struct_ops is in section .struct_ops, which cannot be attached to a node by a link");
	return fail(f, -EINVAL,
		    "A policy has one struct node_device_ops in SEC(\".struct_ops.link\").",
		    "the object has no struct_ops");
}

/**
 * elf_check - check that a file is a BPF object with what a policy needs
 * @data: the file; need not be aligned
 * @size: of the file
 * @f: why not
 *
 * Return: 0 or -EINVAL.
 */
int elf_check(const void *data, size_t size, struct failure *f)
{
	unsigned int i, kinds = 0;
	Elf64_Shdr sh, strings;
	Elf64_Ehdr eh = {};
	const char *name;
	int err;

	memcpy(&eh, data, size < sizeof(eh) ? size : sizeof(eh));
	err = check_header(&eh, size, f);
	if (!err)
		err = check_section_table(&eh, size, f);
	if (err)
		return err;
	strings = section(data, &eh, eh.e_shstrndx);
	if (!in_file(strings.sh_offset, strings.sh_size, size))
		return fail(f, -EINVAL, hint_copy,
			    "the ELF file is truncated (its section names are missing)");
	for (i = 1; i < eh.e_shnum; i++) {
		sh = section(data, &eh, i);
		name = section_name((const char *)data + strings.sh_offset,
				    strings.sh_size, sh.sh_name);
		if (!name)
			return fail(f, -EINVAL, hint_copy,
				    "the ELF file is damaged (name of section %u)", i);
		if (sh.sh_type != SHT_NOBITS &&
		    !in_file(sh.sh_offset, sh.sh_size, size))
			return fail(f, -EINVAL, hint_copy,
				    "the ELF file is truncated (section %s ends at byte %llu of %zu)",
				    name,
				    (unsigned long long)(sh.sh_offset + sh.sh_size),
				    size);
		if (sh.sh_size)
			kinds |= section_kind(name);
	}
	return check_kinds(kinds, f);
}
