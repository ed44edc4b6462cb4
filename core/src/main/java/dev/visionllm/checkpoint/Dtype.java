package dev.visionllm.checkpoint;

import org.bytedeco.pytorch.global.torch.ScalarType;

/** Number formats that safetensors files and tensors have in common. */
enum Dtype {
  F64(8, ScalarType.Double),
  F32(4, ScalarType.Float),
  F16(2, ScalarType.Half),
  BF16(2, ScalarType.BFloat16),
  I64(8, ScalarType.Long),
  I32(4, ScalarType.Int),
  I16(2, ScalarType.Short),
  I8(1, ScalarType.Char),
  U8(1, ScalarType.Byte),
  BOOL(1, ScalarType.Bool);

  final int bytes;
  final ScalarType scalar;

  Dtype(int bytes, ScalarType scalar) {
    this.bytes = bytes;
    this.scalar = scalar;
  }

  boolean floating() {
    return switch (this) {
      case F64, F32, F16, BF16 -> true;
      case I64, I32, I16, I8, U8, BOOL -> false;
    };
  }

  /** By the header's name, or null. */
  static Dtype named(String name) {
    for (Dtype d : values()) {
      if (d.name().equals(name)) {
        return d;
      }
    }
    return null;
  }

  /** Of a tensor, or null. The binding makes a new enum instance at each call, hence the intern. */
  static Dtype of(ScalarType type) {
    ScalarType one = type.intern();
    for (Dtype d : values()) {
      if (d.scalar == one) {
        return d;
      }
    }
    return null;
  }
}
