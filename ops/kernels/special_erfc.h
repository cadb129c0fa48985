/* Series for special_erfc.c alone, written by tests/kernels/special_tables.py: see there. */
#ifndef FLUXION_KERNELS_SPECIAL_ERFC_H
#define FLUXION_KERNELS_SPECIAL_ERFC_H

/* exp(x^2) i^0 erfc(x) (1 + 2 x)^1, x >= 0: t = (x - 4) / (x + 4) */
static const double erfcx_0[] = {
    0x1.2d6f89fde5d31p+0,   -0x1.dbd7f406f0499p-8,  -0x1.4cdca869ad5c3p-4,  0x1.ec465395e4195p-5,
    -0x1.d71abf3cb584ep-6,  0x1.5b32ddd011bcbp-7,   -0x1.9b29d047b35d8p-9,  0x1.86ef5f940a354p-11,
    -0x1.1f3f05651159ap-13, 0x1.204c1fa3be6c7p-16,  -0x1.804fd072268f5p-21, -0x1.04813a1b8a43fp-22,
    0x1.df061781bececp-25,  -0x1.216acaa8bc34bp-29, -0x1.421950d8f4ea7p-30, 0x1.a3fa2e79e6fdep-33,
    0x1.efb3e315738f5p-37,  -0x1.e59f50c0d2a6dp-38, 0x1.9ce35d0f342aap-44,  0x1.e31cd1e31c253p-43,
    -0x1.091c39299cbc7p-46, -0x1.e08757ddb404fp-48, 0x1.b09c53938c643p-51,  0x1.ffeb28f8a7c30p-53,
    -0x1.246d137a7141bp-55, -0x1.2e4a1567a7226p-57,
};
/* exp(x^2) i^1 erfc(x) (1 + 2 x)^2, x >= 0: t = (x - 4) / (x + 4) */
static const double erfcx_1[] = {
    0x1.1ceb6960ba6b8p+0,   0x1.4a90dad3bc1c1p-3,   -0x1.e352305a2135cp-3,  0x1.edcb5132c5bb9p-4,
    -0x1.1d83c0c50ea50p-5,  0x1.4796ec1d34e9cp-9,   0x1.b5abd02618037p-9,   -0x1.1be296965d693p-9,
    0x1.a07d15db2f5f2p-11,  -0x1.a4d1bfece1289p-13, 0x1.1a3262cb32760p-15,  -0x1.49e49862123d3p-19,
    -0x1.d4729c8492b89p-22, 0x1.405ba44dee92ap-23,  -0x1.67b27239e23eep-27, -0x1.b436ed0c4b990p-29,
    0x1.8da0db7907c97p-31,  0x1.ed09a36fc123cp-36,  -0x1.e07b25378e0afp-36, 0x1.4da325dcc96ebp-40,
    0x1.ff78e9376c7a3p-41,  -0x1.ab568f93371eep-44, -0x1.115747e160c0dp-45, 0x1.57d6cd915ac37p-48,
    0x1.3ab0c0264ce43p-50,  -0x1.eb0a13f1764b4p-53, -0x1.95a8c765d41c4p-55, 0x1.4de30606f1c4ep-57,
    0x1.25e1b524fc78cp-59,
};
/* exp(x^2) i^2 erfc(x) (1 + 2 x)^3, x >= 0: t = (x - 4) / (x + 4) */
static const double erfcx_2[] = {
    0x1.06bf77a5f0355p+0,   0x1.5d0899c444edbp-2,   -0x1.62705f12f1d34p-2,  0x1.ecc797b7922dap-4,
    -0x1.824c0d75c5895p-10, -0x1.4182001bae185p-6,  0x1.5a8f9dd291d9bp-7,   -0x1.5f84458e55134p-9,
    0x1.2fff32ab98f73p-20,  0x1.3ad2c53e76f18p-12,  -0x1.2037647040a2ep-13, 0x1.1e4750fb0eb1ap-15,
    -0x1.18ee81ac631c7p-18, -0x1.277164b093468p-22, 0x1.b82a2d6eec1d5p-23,  -0x1.a98cdf492dfd8p-26,
    -0x1.0e5932b2e9a9ap-28, 0x1.8b97bc2ae7942p-30,  -0x1.34e1ac09067d1p-37, -0x1.e8ff3e4076481p-35,
    0x1.577a7c86dbf65p-38,  0x1.1040460c2819ep-39,  -0x1.5f3e7cf896bb4p-42, -0x1.32642b0d3922fp-44,
    0x1.1ce8786ad5ca6p-46,  0x1.784696c6eeca0p-49,  -0x1.aeaeb53805ab7p-51, -0x1.089a6f4f7a5e9p-53,
    0x1.3c691340ce575p-55,  0x1.ab183d891fab7p-58,  -0x1.c462408a476bbp-60,
};
/* exp(x^2) i^3 erfc(x) (1 + 2 x)^4, x >= 0: t = (x - 4) / (x + 4) */
static const double erfcx_3[] = {
    0x1.e6a837068cf80p-1,   0x1.eaa24137890f7p-2,   -0x1.91c4debf6b4d3p-2,  0x1.235dd359f3000p-4,
    0x1.7c2b65e8bb734p-5,   -0x1.20be58190ff64p-5,  0x1.1aa2bc6c2d67ep-7,   0x1.92b5e882be254p-10,
    -0x1.fc4c39ddee3bep-10, 0x1.5bac882ea524fp-11,  -0x1.f6db0fceb2c5fp-15, -0x1.6a00feff63389p-15,
    0x1.6fad31a4e6a20p-16,  -0x1.31f753205fa8fp-18, 0x1.ec08c32bd1563p-24,  0x1.843963bf9ffcep-23,
    -0x1.4133d5c31221fp-25, -0x1.2e35e72ce64bap-29, 0x1.0a5a23251be72p-29,  -0x1.0d8cd2f12d6b3p-33,
    -0x1.491fcdf7d421bp-34, 0x1.9a5697b036636p-37,  0x1.72a51c1019549p-39,  -0x1.825300ff07659p-41,
    -0x1.a72a25e0865ecp-44, 0x1.41c0a56e67f58p-45,  0x1.0e3d3ea9fe1eap-48,  -0x1.02776b4c13fd4p-49,
    -0x1.a0ac1331b4602p-53, 0x1.9ab47f6325461p-54,  0x1.8237dfcb32cd7p-57,  -0x1.41ae721b1d462p-58,
    -0x1.8fbad69438a42p-61,
};
/* exp(x^2) i^4 erfc(x) (1 + 2 x)^5, x >= 0: t = (x - 4) / (x + 4) */
static const double erfcx_4[] = {
    0x1.c7b5f051871e1p-1,   0x1.26af099e6076dp-1,   -0x1.913c420c276a4p-2,  0x1.d24b056541ebap-11,
    0x1.5f498fd464e0dp-4,   -0x1.1bf9ed11b4f6cp-5,  -0x1.0444ede2dc0cap-9,  0x1.c2f4d65fd0bdcp-8,
    -0x1.4aac0e0d5e2acp-9,  0x1.6ee9d22e07838p-16,  0x1.5315aa03c26f9p-12,  -0x1.068bb4d3c99f0p-13,
    0x1.71ac71e76a65ep-17,  0x1.0becd2a4024e8p-17,  -0x1.cc004965bdbedp-19, 0x1.c1ab2d1373fd6p-22,
    0x1.a86226c4f6196p-24,  -0x1.5971580d0fa29p-25, 0x1.3cbe467037c23p-30,  0x1.04f15980ab815p-29,
    -0x1.2c719d7fb7edfp-32, -0x1.346653482fd2dp-34, 0x1.57099856d6e5dp-36,  0x1.43c2c98544b3bp-39,
    -0x1.3c432e8cd91adp-40, -0x1.4be6f588454afp-44, 0x1.1215d14c37e75p-44,  0x1.8cda4a247d2e5p-49,
    -0x1.d64854940874bp-49, -0x1.5b1104c3ae210p-53, 0x1.951d7ce674fd7p-53,  0x1.a648c2fe7066fp-57,
    -0x1.5bec645fc87aap-57, -0x1.1ba34af2f4015p-60, 0x1.2317d6f903af6p-61,
};

#endif
