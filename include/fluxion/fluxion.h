/* Fluxion: reverse-mode automatic differentiation for C. This header includes all public ones. */
#ifndef FLUXION_FLUXION_H
#define FLUXION_FLUXION_H

#include "autograd.h"
#include "data.h"
#include "nn.h"
#include "ops.h"
#include "optim.h"
#include "train.h"

#endif
