/* Series for special_bessel.c alone, written by tests/kernels/special_tables.py: see there. */
#ifndef FLUXION_KERNELS_SPECIAL_BESSEL_H
#define FLUXION_KERNELS_SPECIAL_BESSEL_H

/* moment 0, x = 0 .. 1: t = -1 .. 1 */
static const double moment0_0[] = {
    0x1.606f6b21b6676p-1,  -0x1.0b94f9b546adap-2,  0x1.67c7448ff6d73p-5,  -0x1.793b0ef294b36p-8,
    0x1.3e7cc0c7380a6p-11, -0x1.bfaa651bb6465p-15, 0x1.0cd9158e24300p-18, -0x1.19952f8df20ebp-22,
    0x1.0549d9cedf6b2p-26, -0x1.b31bfed214ba6p-31, 0x1.4875562453274p-35, -0x1.c57aa324352f0p-40,
    0x1.2057d19c48890p-44, -0x1.53d6f5470df8dp-49, 0x1.75306cbafd078p-54, -0x1.7f9ac13b44667p-59,
};
/* moment 0, x = 1 .. 3: t = -1 .. 1 */
static const double moment0_1[] = {
    0x1.52892935f372cp-2,  -0x1.b48cce640c31ep-4,  0x1.777992b771786p-6,  -0x1.31ab113547663p-8,
    0x1.b9bbef94c57ecp-11, -0x1.1818f023d8ad0p-13, 0x1.39070218e3092p-16, -0x1.36f4822535317p-19,
    0x1.15243bc047470p-22, -0x1.bf2162bc13c0fp-26, 0x1.490c331b54125p-29, -0x1.bce58d32c8378p-33,
    0x1.15fe1ed7343fdp-36, -0x1.42d57f97928d3p-40, 0x1.5e0cc861324c9p-44, -0x1.63e379fc435cfp-48,
    0x1.548889e3450dap-52, -0x1.33b28a12c3486p-56, 0x1.0757047a5216ap-60,
};
/* moment 0, x = 3 .. 8: t = -1 .. 1 */
static const double moment0_3[] = {
    0x1.7789e25b0d642p-3,  -0x1.85f8ceb304828p-5,  0x1.32072cb709560p-7,  -0x1.0def56cd0629dp-9,
    0x1.f71ba10ebcf7ap-12, -0x1.df475ab4678a1p-14, 0x1.c6de365c12b03p-16, -0x1.a547273346418p-18,
    0x1.77074d6fd49a3p-20, -0x1.3dbf77cab3cc3p-22, 0x1.fd8e5b4ff3d7ap-25, -0x1.81a142b589384p-27,
    0x1.1342bac7c993ep-29, -0x1.72d3997adbc94p-32, 0x1.d80658810d173p-35, -0x1.1c532c1e7240fp-37,
    0x1.44c717e764c29p-40, -0x1.6070c44905f3bp-43, 0x1.6c0a579269cc1p-46, -0x1.6695f74b37888p-49,
    0x1.517175e69eb35p-52, -0x1.2fe47c2bb55a8p-55, 0x1.06564e0585d55p-58,
};
/* moment 0, x >= 8, times x^(1/2): t = 16 / x - 1 */
static const double moment0_8[] = {
    0x1.9be62aca809cbp-2,   0x1.b998ca2e59049p-9,   0x1.20fa378999e52p-14,  0x1.8412bc101c586p-19,
    0x1.b8007d9cd616ep-23,  0x1.8569280d6d56dp-26,  0x1.d2c64a9225b87p-29,  0x1.0f9ccc0f46f75p-31,
    0x1.a24feabe8004fp-37,  -0x1.1511d08397425p-35, -0x1.d0fd7357e7bf2p-37, -0x1.f904303178d66p-40,
    0x1.94347fa268cecp-41,  0x1.b1c8c6b83c073p-42,  0x1.156ff0d5fc545p-46,  -0x1.75d99cf68bb32p-45,
    -0x1.583fe7e65629ap-47, 0x1.12a919094e6d7p-48,  0x1.fee7da3eafb1fp-50,  -0x1.8aee7d908de38p-52,
    -0x1.4600babd21fe4p-52, 0x1.3f3dd076041cdp-55,  0x1.9be1812d98421p-55,  -0x1.646da66119130p-58,
    -0x1.0adb754ca8b19p-57,
};
/* moment 1, x = 0 .. 1: t = -1 .. 1 */
static const double moment1_0[] = {
    0x1.1d8a2cb464bbfp-1,  -0x1.71d47fb327d8cp-2,  0x1.1f532ff1e0e4cp-4,  -0x1.41a7646620310p-7,
    0x1.19b92efc578c6p-10, -0x1.9551cf74134b4p-14, 0x1.eeafcb05a06cep-18, -0x1.06178f6e819cfp-21,
    0x1.eab7cd38d3369p-26, -0x1.9b6b3f4463a0ap-30, 0x1.384e8c7be4da0p-34, -0x1.b1272df75f112p-39,
    0x1.1478a60093627p-43, -0x1.46e719e48761dp-48, 0x1.67fadb60212bep-53, -0x1.72eb03a7ece37p-58,
};
/* moment 1, x = 1 .. 3: t = -1 .. 1 */
static const double moment1_1[] = {
    0x1.f0aa60d029a30p-4,  -0x1.94047877efc1cp-4,  0x1.e0ec9360eb892p-6,  -0x1.c8ae5c07e4961p-8,
    0x1.66bf991006fd3p-10, -0x1.de4d8e63e2eb1p-13, 0x1.140d9c67049cap-15, -0x1.186167d1cbabep-18,
    0x1.fbd5433b08afep-22, -0x1.9e9608c232752p-25, 0x1.33ed09dc9db4cp-28, -0x1.a3647004af1b3p-32,
    0x1.079c64da074aep-35, -0x1.33a0e0f05dbf4p-39, 0x1.4eed2ee038278p-43, -0x1.55b19b51bc3f9p-47,
    0x1.47ec83b90065fp-51, -0x1.29116e7731ee5p-55, 0x1.fda20a21d2151p-60,
};
/* moment 1, x = 3 .. 8: t = -1 .. 1 */
static const double moment1_3[] = {
    0x1.6484b5fe31f59p-6,  -0x1.1043bd45a7079p-6,  0x1.6453b844a6033p-8,  -0x1.b7133199f8f90p-10,
    0x1.033db40e8e87dp-11, -0x1.24b5860b0e63fp-13, 0x1.39a06b45ac2c4p-15, -0x1.3c9cbd3cffa30p-17,
    0x1.2bb696e949800p-19, -0x1.096e5b0558e1ap-21, 0x1.b7aefcc1c2a05p-24, -0x1.54e5ababdeb91p-26,
    0x1.efb338dbdc4c9p-29, -0x1.52b30ab73426ep-31, 0x1.b404911e38ddfp-34, -0x1.090665355fa0dp-36,
    0x1.30f9de11af916p-39, -0x1.4cfaebdd5ae5bp-42, 0x1.59b434e76d5eep-45, -0x1.5600dccbb84f2p-48,
    0x1.4308e4caf418fp-51, -0x1.23d9b94666f53p-54, 0x1.f94ace87a3590p-58, -0x1.a3cb535d12137p-61,
    0x1.4f37e8ec6e147p-64,
};
/* moment 1, x >= 8, times x^(3/2): t = 16 / x - 1 */
static const double moment1_8[] = {
    0x1.a319d9174c322p-3,   0x1.5e8560a74f19fp-8,   0x1.919d76ea57664p-13,  0x1.93bf625b5ec6cp-17,
    0x1.40f7b77592216p-20,  0x1.70b05fe340235p-23,  0x1.e6d84f8badce6p-26,  0x1.a35acc0ea5f26p-29,
    -0x1.98b227ba4f75ap-31, -0x1.3d0f4e21b41b1p-31, -0x1.4e1c6cd217957p-33, 0x1.8ee7da74ed32dp-38,
    0x1.3d721b626c7c8p-36,  0x1.2b518adbff493p-38,  -0x1.4545100af0ad4p-40, -0x1.b573a2f769166p-41,
    0x1.02d4e826e3a71p-46,  0x1.eb7aa68331bedp-44,  0x1.9af26b9eff638p-47,  -0x1.0f19ee3d32704p-46,
    -0x1.9b8858ac36cbep-49, 0x1.4197b912a2fe6p-49,  0x1.2fecce96b1da0p-51,  -0x1.a94211a4b5b52p-52,
    -0x1.89a291a30a771p-54, 0x1.378427d18ec30p-54,  0x1.b3c40a56842ecp-57,  -0x1.e7ec994fdde26p-57,
    -0x1.3614263caa07bp-60, 0x1.852ea03431fd2p-59,
};
/* moment 2, x = 0 .. 1: t = -1 .. 1 */
static const double moment2_0[] = {
    0x1.907bc0ea2e1f9p-1,  -0x1.2838486b37d5cp-1,  0x1.ea741370646dbp-4,  -0x1.1ca30f2ade208p-6,
    0x1.fe3f35cd090fap-10, -0x1.74f017434a119p-13, 0x1.cc793df878c1dp-17, -0x1.ec3eff11bfeb9p-21,
    0x1.d002f715ef1a2p-25, -0x1.8731d8ecb5056p-29, 0x1.2a4fe8ff05712p-33, -0x1.9f52a3ade9b68p-38,
    0x1.09f2c9e82aa4bp-42, -0x1.3b555a1945babp-47, 0x1.5c1379f294f2ap-52, -0x1.676894a2d117fp-57,
};
/* moment 2, x = 1 .. 3: t = -1 .. 1 */
static const double moment2_1[] = {
    0x1.ee700c013d33bp-4,  -0x1.07b5514167c51p-3,  0x1.69ae4e2535c7bp-5,  -0x1.73f0790f2007fp-7,
    0x1.32b891f4a571ep-9,  -0x1.a61bffe321583p-12, 0x1.f2063d8de7bf4p-15, -0x1.00f2a9134da64p-17,
    0x1.d6f1f7b0d4994p-21, -0x1.8403bae4a72a6p-24, 0x1.224b7596f55e8p-27, -0x1.8db748710436cp-31,
    0x1.f66893bcfbc53p-35, -0x1.265894fca3388p-38, 0x1.41931b31b733bp-42, -0x1.490bf87215f35p-46,
    0x1.3c999516b81abp-50, -0x1.1f74b9158d65bp-54, 0x1.ee1f70261af7ap-59, -0x1.9326c50e73a9fp-63,
};
/* moment 2, x = 3 .. 8: t = -1 .. 1 */
static const double moment2_3[] = {
    0x1.25bf4324b93d9p-7,  -0x1.574961351dc3dp-7,  0x1.2fbde21a68115p-8,  -0x1.d1ccd4be613d4p-10,
    0x1.425fbc5695790p-11, -0x1.981da538b652ap-13, 0x1.daa364b871513p-15, -0x1.fc38ae51aea5ep-17,
    0x1.f618efca50692p-19, -0x1.cae2342d2a5e9p-21, 0x1.8524bf3e39fd8p-23, -0x1.333376b67be46p-25,
    0x1.c50380256ca41p-28, -0x1.38fdc6522a004p-30, 0x1.968b13b51aff1p-33, -0x1.f1d82f408c6efp-36,
    0x1.202f7ca171bb4p-38, -0x1.3c3fe4880a631p-41, 0x1.49c03c85eacd3p-44, -0x1.476d3abd3038cp-47,
    0x1.3641177eed4edp-50, -0x1.19157c8f07f56p-53, 0x1.e7d7474d66ac6p-57, -0x1.962be2370effcp-60,
    0x1.44f6a897abe6ep-63, -0x1.f4655a78a6d16p-67,
};
/* moment 2, x >= 8, times x^(5/2): t = 16 / x - 1 */
static const double moment2_8[] = {
    0x1.403cdcc53ff24p-2,   0x1.d1ffd51b86f17p-7,   0x1.8b5e15c8f622ep-11,  0x1.13ee8b6e2b861p-14,
    0x1.2249b7817407dp-17,  0x1.8bae21119077bp-20,  0x1.ef1cec88d1140p-23,  0x1.542a364defd9ap-30,
    -0x1.5549a558d9301p-26, -0x1.234a567b46c59p-27, -0x1.36c4260a0b8f7p-30, 0x1.356e37913f13fp-31,
    0x1.4ca0447f10a24p-32,  0x1.5feace0fa7429p-37,  -0x1.477a1de68ee06p-35, -0x1.369917044886fp-37,
    0x1.0a6342ef83cb5p-38,  0x1.0354017a2a5e5p-39,  -0x1.9a5c35cb6ecf1p-42, -0x1.6c4392cd6344ep-42,
    0x1.5482da0f4a334p-45,  0x1.f59127a7fd2f2p-45,  -0x1.80307633e7f36p-48, -0x1.60c3a6ac9f1c3p-47,
    0x1.5024137926cb7p-50,  0x1.f9f5111935cadp-50,  -0x1.75995b51b7d46p-52, -0x1.67454a086c9c3p-52,
    0x1.ad8a11dff26cfp-54,  0x1.dc0693a61badfp-55,  -0x1.d70ed628b7ee7p-56, -0x1.003f3eebc38fdp-57,
    0x1.dcdc90042f8bbp-58,  0x1.99db1f0e8c77dp-62,  -0x1.af620d0c5958ep-60,
};
/* exp(-x) I_1(x) / x, x = 0 .. 1: t = -1 .. 1 */
static const double i1e_0[] = {
    0x1.553130fd36b0ap-2,  -0x1.2670dd1fc00bfp-3,  0x1.50c931cd756efp-6,  -0x1.2822a9da1083dp-9,
    0x1.a999415d3048fp-13, -0x1.030dc18649cd8p-16, 0x1.11b468693d58cp-20, -0x1.ff01fcb434e5fp-25,
    0x1.ab4d622e41c6cp-29, -0x1.4396657ae9b3cp-33, 0x1.bfd46f9bed1cbp-38, -0x1.1d48a49755aa2p-42,
    0x1.50bb830d17b75p-47, -0x1.7237f96834e46p-52, 0x1.7cec2db187285p-57,
};
/* exp(-x) I_1(x) / x, x = 1 .. 3: t = -1 .. 1 */
static const double i1e_1[] = {
    0x1.f2e4b59f16126p-4,  -0x1.189e4e6d0ff97p-4,  0x1.dcf914eed705bp-7,  -0x1.52f78be31238ap-9,
    0x1.a03838db0c5a5p-12, -0x1.c18c74060c971p-15, 0x1.b0a7da010bd09p-18, -0x1.76ebebe7e05a1p-21,
    0x1.271a5c51a0b51p-24, -0x1.a924ddd8b4acbp-28, 0x1.1a19445a85644p-31, -0x1.5ad2793aae474p-35,
    0x1.8d035f712d08cp-39, -0x1.a9097e7750d79p-43, 0x1.ab4275d01e7a8p-47, -0x1.94b45bf4c9871p-51,
    0x1.6a5dd44909678p-55, -0x1.3396ac3491144p-59,
};
/* exp(-x) I_1(x) / x, x = 3 .. 8: t = -1 .. 1 */
static const double i1e_3[] = {
    0x1.1b14e53503a63p-5,  -0x1.74e2c9f0bf2d4p-6,  0x1.98e98e6ee3f51p-8,  -0x1.9c598e7590b4cp-10,
    0x1.8837578d0f2d4p-12, -0x1.629acdbaccea6p-14, 0x1.313ae3a5ce0e8p-16, -0x1.f40330a14280cp-19,
    0x1.8550f8210a5b5p-21, -0x1.1fea07761d929p-23, 0x1.9451ec1c45166p-26, -0x1.0d91a7ab16a5ap-28,
    0x1.557dc5b37d440p-31, -0x1.9b544650a2695p-34, 0x1.d797d691dded5p-37, -0x1.01a4d9519695ap-39,
    0x1.0ca61703dd628p-42, -0x1.0bb075550829ep-45, 0x1.fe7f0c305235bp-49, -0x1.d27441d102cb3p-52,
    0x1.98f9a980d944dp-55, -0x1.588796ebdffa6p-58, 0x1.173873a3cacabp-61,
};
/* exp(-x) I_1(x) / x, x >= 8, times x^(3/2): t = 16 / x - 1 */
static const double i1e_8[] = {
    0x1.8ea18b55b1514p-2,   -0x1.3fda053fcdb4cp-7,  -0x1.cfd7f804aa9a6p-14, -0x1.048df49ca0373p-18,
    -0x1.0dbfd2e9e5443p-22, -0x1.c415394bb46c1p-26, -0x1.0790b9ad53528p-28, -0x1.334ca5423dd80p-31,
    -0x1.4dcf9d4504c0cp-36, 0x1.1e1a1f1587865p-35,  0x1.f101f653c457bp-37,  0x1.1e7d3f6439fa3p-39,
    -0x1.953e1076ab493p-41, -0x1.cbc458e73e255p-42, -0x1.7a9482e6d22a0p-46, 0x1.80d3c26b3281ep-45,
    0x1.776e1762d31e8p-47,  -0x1.12db5138afbc7p-48, -0x1.0efcd8bc4d22ap-49, 0x1.7d68e5f04a2d1p-52,
    0x1.55915fceb588ap-52,  -0x1.2806c9c773320p-55, -0x1.acea3b2532277p-55, 0x1.45b8aea87b950p-58,
    0x1.1556db352e8e6p-57,
};

#endif
