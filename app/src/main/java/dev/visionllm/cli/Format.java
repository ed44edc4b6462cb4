package dev.visionllm.cli;

import dev.visionllm.tensor.Hardware;

/** Number formats of weights, as people write them. */
enum Format {
  fp32(Hardware.Dtype.F32),
  bf16(Hardware.Dtype.BF16),
  fp16(Hardware.Dtype.F16);

  final Hardware.Dtype dtype;

  Format(Hardware.Dtype dtype) {
    this.dtype = dtype;
  }
}
