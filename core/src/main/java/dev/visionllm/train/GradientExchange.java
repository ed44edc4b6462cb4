package dev.visionllm.train;

import dev.visionllm.nn.F;
import dev.visionllm.tensor.TensorScope;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorBase;
import org.bytedeco.pytorch.VoidTensorHook;
import org.bytedeco.pytorch.global.torch;

/**
 * Sums gradients over the workers while the last backward pass of a step goes on, as PyTorch's
 * DistributedDataParallel does (Li et al. 2020). Gradients travel in buckets in the reverse order
 * of construction, the same everywhere: a bucket leaves when it is full, and with it those before
 * it, which the pass has left behind. What arrives after its bucket has left travels at the end, so
 * the sums are whole whatever the order was. A bucket in which nobody has a gradient costs a vote.
 *
 * <pre>
 * exchange.begin();
 * loss.backward();
 * exchange.finish(); // gradients are sums now
 * </pre>
 *
 * <p>Alone it does nothing.
 */
final class GradientExchange implements AutoCloseable {
  private static final long END_SECONDS = 60; // for the others to come to a message under way

  private record Hook(Tensor parameter, int position, VoidTensorHook listener) {}

  /**
   * What came of a bucket.
   *
   * @param counts how many workers had each gradient
   * @param flat all sums in a row; null if nobody had any
   */
  private record Sums(List<Tensor> bucket, float[] counts, Tensor flat) {}

  private final Workers workers;
  private final List<List<Tensor>> buckets;
  private final int[] missing; // gradients by bucket
  private final List<Hook> hooks = new ArrayList<>();
  private final List<CompletableFuture<Sums>> sent = new ArrayList<>();
  private final ExecutorService messenger =
      Executors.newSingleThreadExecutor(GradientExchange::thread);
  private boolean begun;
  private int arriving = -1; // bucket of the gradient that autograd is about to add

  /**
   * @param parameters each once, in the same order everywhere
   */
  GradientExchange(Workers workers, Collection<Tensor> parameters) {
    this.workers = workers;
    List<Tensor> reverse = new ArrayList<>(workers.size() == 1 ? List.of() : parameters);
    Collections.reverse(reverse);
    buckets = Workers.buckets(reverse);
    missing = new int[buckets.size()];
    for (int i = 0; i < missing.length; i++) {
      for (Tensor p : buckets.get(i)) {
        VoidTensorHook hook = TensorScope.keep(hook(i));
        hooks.add(new Hook(p, p.register_hook(hook), hook));
      }
    }
  }

  private static Thread thread(Runnable body) {
    Thread t = new Thread(body, "gradients");
    t.setDaemon(true);
    return t;
  }

  private VoidTensorHook hook(int bucket) {
    return new VoidTensorHook() {
      @Override
      public void call(TensorBase gradient) {
        if (begun) {
          arrived();
          arriving = bucket;
        }
      }
    };
  }

  /** From here on gradients are the last of the step; autograd runs on the caller's thread. */
  void begin() {
    begun = true;
    for (int i = 0; i < missing.length; i++) {
      missing[i] = buckets.get(i).size();
    }
  }

  private void arrived() {
    if (arriving >= 0 && --missing[arriving] == 0) {
      sendUpTo(arriving);
    }
    arriving = -1;
  }

  private void sendUpTo(int last) {
    while (sent.size() <= last) {
      List<Tensor> bucket = buckets.get(sent.size());
      sent.add(TensorScope.value(() -> send(bucket)));
    }
  }

  /** Takes a bucket's gradients away from their parameters. */
  private CompletableFuture<Sums> send(List<Tensor> bucket) {
    float[] has = new float[bucket.size()];
    boolean any = false;
    for (int i = 0; i < has.length; i++) {
      has[i] = bucket.get(i).grad().defined() ? 1 : 0;
      any |= has[i] > 0;
    }
    Tensor flat =
        any
            ? TensorScope.keep(F.cat(0, bucket.stream().map(GradientExchange::row).toList()))
            : null;
    bucket.forEach(p -> p.mutable_grad().reset());
    return CompletableFuture.supplyAsync(() -> sum(bucket, has, flat), messenger);
  }

  private static Tensor row(Tensor p) {
    Tensor gradient = p.grad();
    return gradient.defined() ? gradient.flatten() : torch.zeros(p.numel());
  }

  private Sums sum(List<Tensor> bucket, float[] has, Tensor flat) {
    float[] counts = workers.sum(has);
    boolean any = false;
    for (float count : counts) {
      any |= count > 0;
    }
    if (!any) {
      return new Sums(bucket, counts, null);
    }
    return TensorScope.value(
        () -> {
          Tensor sum = flat == null ? TensorScope.keep(torch.zeros(numbers(bucket))) : flat;
          workers.sum(sum);
          return new Sums(bucket, counts, sum);
        });
  }

  private static long numbers(List<Tensor> bucket) {
    return bucket.stream().mapToLong(Tensor::numel).sum();
  }

  /** Ends the pass: gradients are the sums over all, and where nobody has one there is none. */
  void finish() {
    arrived();
    begun = false;
    List<Sums> sums = new ArrayList<>(sums());
    TensorScope.value(
        () -> {
          if (workers.any(hooks.stream().anyMatch(h -> h.parameter.grad().defined()))) {
            sums.addAll(sums());
          }
          sums.forEach(GradientExchange::put);
          return null;
        });
  }

  private List<Sums> sums() {
    sendUpTo(buckets.size() - 1);
    try {
      return sent.stream().map(CompletableFuture::join).toList();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RunFailed lost ? lost : e;
    } finally {
      sent.clear();
    }
  }

  private static void put(Sums sums) {
    if (sums.flat == null) {
      return;
    }
    long at = 0;
    for (int i = 0; i < sums.counts.length; i++) {
      Tensor p = sums.bucket.get(i);
      Tensor sum = F.slice(sums.flat, 0, at, at + p.numel()).view(p.shape());
      if (sums.counts[i] > 0 && p.grad().defined()) {
        p.grad().add_(sum);
      } else if (sums.counts[i] > 0) {
        p.mutable_grad().put(sum);
      }
      at += p.numel();
    }
    sums.flat.close();
  }

  @Override
  public void close() {
    messenger.shutdownNow();
    try {
      messenger.awaitTermination(END_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    for (Hook hook : hooks) {
      hook.parameter.remove_hook(hook.position);
      hook.listener.close();
    }
  }
}
