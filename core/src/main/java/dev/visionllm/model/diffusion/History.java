package dev.visionllm.model.diffusion;

import dev.visionllm.tensor.TensorScope;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import org.bytedeco.pytorch.Tensor;

/** What a multistep schedule remembers of earlier calls, the newest first. Owns its tensors. */
public final class History implements AutoCloseable {
  private static final int MOST = 4;

  /** The latents that a call saw and what was computed from them. */
  record Entry(Tensor latents, Tensor output) {
    void close() {
      latents.close();
      output.close();
    }
  }

  private final Deque<Entry> entries = new ArrayDeque<>();

  void remember(Tensor latents, Tensor output) {
    entries.push(new Entry(keep(latents), keep(output)));
    if (entries.size() > MOST) {
      entries.removeLast().close();
    }
  }

  int size() {
    return entries.size();
  }

  /** The entry so many calls ago; 0 is the newest. */
  Entry ago(int calls) {
    Iterator<Entry> each = entries.iterator();
    for (int i = 0; i < calls; i++) {
      each.next();
    }
    return each.next();
  }

  /** An owner of its own: the caller's tensor stays in the caller's scope. */
  private static Tensor keep(Tensor t) {
    return TensorScope.keep(t.clone());
  }

  @Override
  public void close() {
    entries.forEach(Entry::close);
    entries.clear();
  }
}
