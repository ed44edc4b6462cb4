package dev.visionllm.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.nn.F;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Workers are threads of this process here. */
class WorkersTest {
  private static final Duration SOON = Duration.ofSeconds(1);
  private static final long LONG = 1L << 22; // two are more than a message

  @TempDir Path dir;

  @Test
  void gradientsLeaveDuringTheBackwardPassAndNoneIsLost() {
    String master = "file:" + dir.resolve("store");
    List<CompletableFuture<List<Float>>> both =
        Stream.of(0, 1)
            .map(
                rank ->
                    CompletableFuture.supplyAsync(
                        () -> twoSteps(rank, master), body -> new Thread(body).start()))
            .toList();
    for (CompletableFuture<List<Float>> gradients : both) {
      assertThat(gradients.join()).containsExactly(3f, 3f, 12f, null, 23f, 3f, 3f, 12f, null, 23f);
    }
  }

  /** First numbers of the gradients of z, a, late, nobody and b. */
  private static List<Float> twoSteps(int rank, String master) {
    List<Float> gradients = new ArrayList<>();
    try (var scope = TensorScope.open();
        Workers workers = Workers.join(rank, 2, master)) {
      Tensor z = ones(LONG);
      Tensor a = ones(LONG);
      Tensor late = ones(2);
      Tensor nobody = ones(2);
      Tensor b = ones(LONG);
      List<Tensor> parameters = List.of(z, a, late, nobody, b);
      try (GradientExchange exchange = new GradientExchange(workers, parameters)) {
        for (int step = 0; step < 2; step++) {
          backward(b.sum(), 10);
          if (rank == 0) {
            backward(late.sum(), 7);
          }
          exchange.begin();
          Tensor last = F.scale(late.sum(), 5); // on the way back
          Tensor product = F.scale(z.mean().mul(a.mean()).mul(b.mean()), (rank + 1) * LONG);
          backward(rank == 0 ? product : product.add(last), 1);
          // b's bucket waits for late until a's is full
          assertThat(Stream.of(a, b, nobody)).noneMatch(p -> p.grad().defined());
          assertThat(late.grad().defined()).isEqualTo(rank == 1);
          exchange.finish();
          for (Tensor p : parameters) {
            gradients.add(p.grad().defined() ? Tensors.floats(p.grad())[0] : null);
            p.mutable_grad().reset();
          }
        }
      }
    }
    return gradients;
  }

  private static void backward(Tensor loss, double factor) {
    F.scale(loss, factor).backward();
  }

  private static Tensor ones(long size) {
    return torch.ones(size).set_requires_grad(true);
  }

  @Test
  void nobodyWaitsForeverForTheOthers() throws IOException {
    String port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = "127.0.0.1:" + free.getLocalPort();
    }
    for (String master : List.of("file:" + dir.resolve("store"), port)) {
      for (int rank = 0; rank < 2; rank++) {
        int mine = rank;
        assertThatThrownBy(() -> Workers.join(mine, 2, master, SOON))
            .isInstanceOf(RunFailed.class)
            .hasMessageContaining("the 2 workers did not all meet at " + master + " within 1 s");
      }
    }
  }

  @Test
  void whereToMeetHasToBeAPlace() {
    for (String master : List.of("nowhere", "127.0.0.1:port", ":29500")) {
      assertThatThrownBy(() -> Workers.join(0, 2, master, SOON))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(master);
    }
  }
}
