/**
 * `__atomic_compare_exchange` for the machines Node is built for, assembled by hand:
 *
 *     bool __atomic_compare_exchange(size_t size, void *object, void *expected, void *desired,
 *                                    int success, int failure)
 *
 * The generic form of GCC's library: the last three pointers are read and written by `size` bytes; when the
 * object did not hold `*expected`, the value found is stored there and the answer is false. Sizes 1, 2, 4 and
 * 8 are done (Node only ever asks for 8), any other one traps at once instead of computing something wrong.
 * The memory orders are ignored: both implementations are sequentially consistent, the strongest there is.
 *
 * Every row is one instruction, bytes in file order; the comment gives its offset and its meaning. Both listings
 * are position independent: jumps are relative and nothing outside is touched.
 */

/** System V x86-64: size in rdi, object rsi, expected rdx, desired rcx; the answer in al. */
const x64 = [
  '4883ff08', // 00: cmp rdi,0x8
  '7414', // 04: je 1a
  '4883ff04', // 06: cmp rdi,0x4
  '7421', // 0a: je 2d
  '4883ff02', // 0c: cmp rdi,0x2
  '742a', // 10: je 3c
  '4883ff01', // 12: cmp rdi,0x1
  '7437', // 16: je 4f
  '0f0b', // 18: ud2
  '488b02', // 1a: mov rax,QWORD PTR [rdx]
  '488b09', // 1d: mov rcx,QWORD PTR [rcx]
  'f0480fb10e', // 20: lock cmpxchg QWORD PTR [rsi],rcx
  '7437', // 25: je 5e
  '488902', // 27: mov QWORD PTR [rdx],rax
  '31c0', // 2a: xor eax,eax
  'c3', // 2c: ret
  '8b02', // 2d: mov eax,DWORD PTR [rdx]
  '8b09', // 2f: mov ecx,DWORD PTR [rcx]
  'f00fb10e', // 31: lock cmpxchg DWORD PTR [rsi],ecx
  '7427', // 35: je 5e
  '8902', // 37: mov DWORD PTR [rdx],eax
  '31c0', // 39: xor eax,eax
  'c3', // 3b: ret
  '668b02', // 3c: mov ax,WORD PTR [rdx]
  '668b09', // 3f: mov cx,WORD PTR [rcx]
  '66f00fb10e', // 42: lock cmpxchg WORD PTR [rsi],cx
  '7415', // 47: je 5e
  '668902', // 49: mov WORD PTR [rdx],ax
  '31c0', // 4c: xor eax,eax
  'c3', // 4e: ret
  '8a02', // 4f: mov al,BYTE PTR [rdx]
  '8a09', // 51: mov cl,BYTE PTR [rcx]
  'f00fb00e', // 53: lock cmpxchg BYTE PTR [rsi],cl
  '7405', // 57: je 5e
  '8802', // 59: mov BYTE PTR [rdx],al
  '31c0', // 5b: xor eax,eax
  'c3', // 5d: ret
  'b801000000', // 5e: mov eax,0x1
  'c3', // 63: ret
]

/**
 * AAPCS64: size in x0, object x1, expected x2, desired x3; the answer in w0. Load-acquire and store-release
 * exclusive, which every ARMv8 has; the newer CAS instructions would need a check of the processor.
 */
const arm64 = [
  '1f2000f1', // 00: cmp x0, #0x8
  '00010054', // 04: b.eq 24
  '1f1000f1', // 08: cmp x0, #0x4
  '40020054', // 0c: b.eq 54
  '1f0800f1', // 10: cmp x0, #0x2
  '80030054', // 14: b.eq 84
  '1f0400f1', // 18: cmp x0, #0x1
  'c0040054', // 1c: b.eq b4
  '00000000', // 20: udf #0
  '440040f9', // 24: ldr x4, [x2]
  '650040f9', // 28: ldr x5, [x3]
  '26fc5fc8', // 2c: ldaxr x6, [x1]
  'df0004eb', // 30: cmp x6, x4
  '81000054', // 34: b.ne 44
  '25fc07c8', // 38: stlxr w7, x5, [x1]
  '87ffff35', // 3c: cbnz w7, 2c
  '29000014', // 40: b e4
  '5f3f03d5', // 44: clrex
  '460000f9', // 48: str x6, [x2]
  '00008052', // 4c: mov w0, #0x0
  'c0035fd6', // 50: ret
  '440040b9', // 54: ldr w4, [x2]
  '650040b9', // 58: ldr w5, [x3]
  '26fc5f88', // 5c: ldaxr w6, [x1]
  'df00046b', // 60: cmp w6, w4
  '81000054', // 64: b.ne 74
  '25fc0788', // 68: stlxr w7, w5, [x1]
  '87ffff35', // 6c: cbnz w7, 5c
  '1d000014', // 70: b e4
  '5f3f03d5', // 74: clrex
  '460000b9', // 78: str w6, [x2]
  '00008052', // 7c: mov w0, #0x0
  'c0035fd6', // 80: ret
  '44004079', // 84: ldrh w4, [x2]
  '65004079', // 88: ldrh w5, [x3]
  '26fc5f48', // 8c: ldaxrh w6, [x1]
  'df00046b', // 90: cmp w6, w4
  '81000054', // 94: b.ne a4
  '25fc0748', // 98: stlxrh w7, w5, [x1]
  '87ffff35', // 9c: cbnz w7, 8c
  '11000014', // a0: b e4
  '5f3f03d5', // a4: clrex
  '46000079', // a8: strh w6, [x2]
  '00008052', // ac: mov w0, #0x0
  'c0035fd6', // b0: ret
  '44004039', // b4: ldrb w4, [x2]
  '65004039', // b8: ldrb w5, [x3]
  '26fc5f08', // bc: ldaxrb w6, [x1]
  'df00046b', // c0: cmp w6, w4
  '81000054', // c4: b.ne d4
  '25fc0708', // c8: stlxrb w7, w5, [x1]
  '87ffff35', // cc: cbnz w7, bc
  '05000014', // d0: b e4
  '5f3f03d5', // d4: clrex
  '46000039', // d8: strb w6, [x2]
  '00008052', // dc: mov w0, #0x0
  'c0035fd6', // e0: ret
  '20008052', // e4: mov w0, #0x1
  'c0035fd6', // e8: ret
]

/**
 * What the patch needs to know about a machine, by ELF `e_machine`.
 * @type {ReadonlyMap<number, {name: string, jumpSlot: number, relative: number, code: Buffer}>}
 */
export const machines = new Map([
  [62, { name: 'x64', jumpSlot: 7, relative: 8, code: Buffer.from(x64.join(''), 'hex') }],
  [183, { name: 'arm64', jumpSlot: 1026, relative: 1027, code: Buffer.from(arm64.join(''), 'hex') }],
])
