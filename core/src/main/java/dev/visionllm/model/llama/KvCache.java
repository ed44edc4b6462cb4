package dev.visionllm.model.llama;

import dev.visionllm.nn.F;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Keys (after the rotary embedding) and values of the tokens a language model has read, one pair of
 * buffers per layer. It owns its memory: close it. The buffers grow in steps, so a token costs a
 * write and not a copy of everything before it. Not for training.
 */
public final class KvCache implements AutoCloseable {
  private static final int STEP = 256; // positions

  /** Views of what a layer has cached so far, (b, g, s, k) each, or its whole buffers. */
  record Pair(Tensor keys, Tensor values) {}

  private final Tensor[] keys; // per layer (b, g, capacity, k), null before the first write
  private final Tensor[] values;
  private int length;

  /** An empty cache; batch, heads and number format follow from the first write. */
  public KvCache(Llama.Config config) {
    this(config.layers());
  }

  private KvCache(int layers) {
    keys = new Tensor[layers];
    values = new Tensor[layers];
  }

  /** Tokens per row, padding included. */
  public int length() {
    return length;
  }

  /** Forgets all but the first n tokens. */
  public void truncate(int n) {
    if (n < 0 || n > length) {
      throw new IllegalArgumentException(
          "cannot truncate a cache of " + length + " tokens to " + n);
    }
    length = n;
  }

  /** Row i becomes a copy of the former row rows[i]; the number of rows may change. */
  public void reorder(int[] rows) {
    long[] index = Arrays.stream(rows).asLongStream().toArray();
    TensorScope.value(
        () -> {
          Tensor ids = Tensors.of(index, index.length);
          for (int i = 0; i < keys.length && keys[i] != null; i++) {
            Tensor on = ids.to(keys[i].device(), ids.scalar_type());
            keys[i] = replace(keys[i], keys[i].index_select(0, on));
            values[i] = replace(values[i], values[i].index_select(0, on));
          }
          return null;
        });
  }

  /** A second cache with the same content; the caller owns it. */
  public KvCache fork() {
    KvCache copy = new KvCache(keys.length);
    TensorScope.value(
        () -> {
          for (int i = 0; i < keys.length && keys[i] != null; i++) {
            copy.keys[i] = TensorScope.keep(keys[i].clone());
            copy.values[i] = TensorScope.keep(values[i].clone());
          }
          return null;
        });
    copy.length = length;
    return copy;
  }

  /** What a layer has cached so far. */
  Pair layer(int layer) {
    return new Pair(F.slice(keys[layer], 2, 0, length), F.slice(values[layer], 2, 0, length));
  }

  /** A layer's buffers in full, (b, g, capacity, k): behind the cached tokens finite numbers. */
  Pair whole(int layer) {
    return new Pair(keys[layer], values[layer]);
  }

  /** Positions that the buffers have once they hold s tokens. */
  long capacity(long s) {
    long rounded = (s + STEP - 1) / STEP * STEP;
    return keys[0] == null ? rounded : Math.max(rounded, keys[0].size(2));
  }

  /** Writes t tokens of a layer behind the cached ones; {@link #advance} makes them count. */
  Pair append(int layer, Tensor k, Tensor v) {
    int end = Math.toIntExact(length + k.size(2));
    keys[layer] = room(keys[layer], k, end);
    values[layer] = room(values[layer], v, end);
    F.slice(keys[layer], 2, length, end).copy_(k.detach());
    F.slice(values[layer], 2, length, end).copy_(v.detach());
    return new Pair(F.slice(keys[layer], 2, 0, end), F.slice(values[layer], 2, 0, end));
  }

  /** Counts t tokens that every layer has written. */
  void advance(long t) {
    length = Math.toIntExact(length + t);
  }

  /** A buffer that holds end positions, with what the old one held; the old one is freed. */
  private Tensor room(Tensor old, Tensor like, int end) {
    if (old != null && old.size(0) != like.size(0)) {
      throw new IllegalArgumentException(
          "the cache holds " + old.size(0) + " rows, the new tokens have " + like.size(0));
    }
    if (old != null && old.size(2) >= end) {
      return old;
    }
    long[] shape = {like.size(0), like.size(1), capacity(end), like.size(3)};
    return TensorScope.value(
        () -> {
          Tensor buffer = torch.zeros(shape, like.options());
          if (old != null) {
            F.slice(buffer, 2, 0, length).copy_(F.slice(old, 2, 0, length));
            return replace(old, buffer);
          }
          return TensorScope.keep(buffer);
        });
  }

  private static Tensor replace(Tensor old, Tensor by) {
    old.close();
    return TensorScope.keep(by);
  }

  /** Frees the buffers; the cache is empty and can be used again. */
  @Override
  public void close() {
    for (int i = 0; i < keys.length; i++) {
      if (keys[i] != null) {
        keys[i].close();
        values[i].close();
        keys[i] = null;
        values[i] = null;
      }
    }
    length = 0;
  }
}
