package dev.visionllm.model.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.Golden;
import dev.visionllm.NoLeaks;
import dev.visionllm.image.Raster;
import dev.visionllm.model.RandomWeights;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.TensorScope;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DenoisingTest {
  private static final int[] EMPTY = {1, 2, 2, 2, 2};
  private static final Raster PICTURE = Raster.filled(10, 14, 0xc06020);

  private static Settings settings(Schedule schedule, int images, long seed) {
    return new Settings(schedule, 4, 5, 1.5, 12, 8, images, seed, false, false);
  }

  private static void withModel(LatentDiffusion.Config config, Consumer<LatentDiffusion> body) {
    withModel(config, ScalarType.Float, body);
  }

  private static void withModel(
      LatentDiffusion.Config config, ScalarType dtype, Consumer<LatentDiffusion> body) {
    try (var scope = TensorScope.open();
        Params root = new Params(RandomWeights.of(1, dtype))) {
      body.accept(new LatentDiffusion(root.at("sd"), config));
    }
  }

  private static Tensor states() {
    return RandomWeights.tensor(5, 1, 3, 8);
  }

  private static Denoising start(LatentDiffusion model, Settings settings) {
    return model.config().edits()
        ? new InstructPix2Pix(model).start(PICTURE, states(), EMPTY, settings)
        : new TextToImage(model).start(states(), EMPTY, settings);
  }

  /** Latents at the end of a run, in the caller's scope. */
  private static Tensor latents(LatentDiffusion model, Settings settings) {
    try (Denoising run = start(model, settings)) {
      run.forEachRemaining(s -> assertThat(s.previews()).isEmpty());
      return run.latents().clone();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aBatchEqualsSingles(Schedule schedule) {
    for (LatentDiffusion.Config config : List.of(Configs.TINY, Configs.TINY_EDIT)) {
      withModel(
          config,
          model -> {
            Tensor batch = latents(model, settings(schedule, 3, 7));
            double most = Math.max(1, batch.abs().max().item_double());
            for (int i = 0; i < 3; i++) {
              Tensor single = latents(model, settings(schedule, 1, 7 + i));
              Golden.check(
                  schedule.spoken(), "picture " + i, single, batch.narrow(0, i, 1), 2e-5 * most);
            }
          });
    }
  }

  /** One step of Euler's from the most noise leaves what the velocity says that the picture is. */
  @Test
  void aVelocityIsFollowedToItsPicture() {
    NoiseLevels l = NoiseLevels.SD_15;
    LatentDiffusion.Config c = Configs.TINY;
    NoiseLevels velocity =
        new NoiseLevels(
            l.trainSteps(), l.betaStart(), l.betaEnd(), l.shape(), l.stepsOffset(), false, true);
    withModel(
        new LatentDiffusion.Config(c.mapper(), c.text(), c.vae(), c.unet(), velocity),
        model -> {
          Settings one = settings(Schedule.EULER, 2, 3).stepped(1).guided(1, 1);
          try (Denoising run = start(model, one)) {
            Tensor noisy = one.schedule().of(velocity, 1).scaled(0, run.latents());
            Tensor said = run.predict(run.input(noisy), 0);
            double time = run.next().time();
            double left = l.alphasCumprod()[(int) time];
            Golden.check(
                "velocity",
                "picture",
                NoiseLevels.mix(Math.sqrt(left), noisy, -Math.sqrt(1 - left), said),
                run.latents(),
                1e-5);
          }
        });
  }

  @Test
  void theSeedDecides() {
    withModel(
        Configs.TINY,
        model -> {
          List<List<Raster>> made =
              List.of(3L, 3L, 4L).stream()
                  .map(
                      seed -> {
                        try (Denoising run =
                            start(model, settings(Schedule.EULER_ANCESTRAL, 2, seed))) {
                          run.forEachRemaining(s -> {});
                          return run.pictures();
                        }
                      })
                  .toList();
          assertThat(made.get(0)).isEqualTo(made.get(1));
          assertThat(made.get(0).get(0)).isNotEqualTo(made.get(2).get(0));
          assertThat(made.get(0).get(1)).isEqualTo(made.get(2).get(0)); // seed 3 + 1
          assertThat(made.get(0).get(0).width()).isEqualTo(12);
          assertThat(made.get(0).get(0).height()).isEqualTo(8);
        });
  }

  @Test
  void stepsCountUpAndShowPreviews() {
    withModel(
        Configs.TINY,
        model -> {
          try (Denoising run = start(model, settings(Schedule.PNDM, 2, 1).withPreviews(true))) {
            assertThatThrownBy(run::pictures)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("0 of 5 steps are done: take the rest before the pictures");
            for (int i = 1; i <= 5; i++) {
              Denoising.Step step = run.next();
              assertThat(step.number()).isEqualTo(i);
              assertThat(step.of()).isEqualTo(5);
              assertThat(step.previews())
                  .hasSize(2)
                  .allMatch(p -> p.width() == 6 && p.height() == 4);
            }
            assertThat(run.hasNext()).isFalse();
            assertThatThrownBy(run::next).isInstanceOf(NoSuchElementException.class);
          }
        });
  }

  @Test
  void guidanceOfOneIsTheConditionAlone() {
    withModel(
        Configs.TINY,
        model -> {
          Settings plain = new Settings(Schedule.DDIM, 3, 1, 1, 12, 8, 1, 2, false, false);
          Tensor off = latents(model, plain);
          Tensor all = new Guidance.Text(1).combine(RandomWeights.tensor(1, 4, 2, 3, 3));
          Golden.check(
              "guidance", "text 1", RandomWeights.tensor(1, 4, 2, 3, 3).narrow(0, 2, 2), all, 1e-6);
          Tensor both =
              new Guidance.TextAndImage(1, 1).combine(RandomWeights.tensor(1, 3, 2, 3, 3));
          Golden.check(
              "guidance",
              "both 1",
              RandomWeights.tensor(1, 3, 2, 3, 3).narrow(0, 0, 1),
              both,
              1e-6);
          Tensor on = latents(model, settings(Schedule.DDIM, 1, 2));
          assertThat(off.equal(on)).isFalse();
        });
  }

  @Test
  void theNegativePromptMatters() {
    withModel(
        Configs.TINY,
        model -> {
          Settings s = settings(Schedule.DDIM, 1, 2);
          try (Denoising a = new TextToImage(model).start(states(), EMPTY, s);
              Denoising b = new TextToImage(model).start(states(), new int[] {1, 7, 8, 9, 2}, s)) {
            a.forEachRemaining(x -> {});
            b.forEachRemaining(x -> {});
            assertThat(a.latents().equal(b.latents())).isFalse();
          }
        });
  }

  @Test
  void oddLatentsAreTaken() {
    withModel(
        Configs.TINY,
        model -> {
          Tensor odd = latents(model, settings(Schedule.DDIM, 1, 2).sized(10, 14));
          assertThat(odd.shape()).containsExactly(1, 4, 7, 5);
        });
  }

  @Test
  void bf16IsCloseToFp32AndLatentsStayFp32() {
    Settings s = settings(Schedule.DDIM, 1, 2);
    withModel(
        Configs.TINY,
        full ->
            withModel(
                Configs.TINY,
                ScalarType.BFloat16,
                half -> {
                  Tensor expected = latents(full, s);
                  Tensor actual = latents(half, s);
                  assertThat(actual.scalar_type().intern()).isEqualTo(ScalarType.Float);
                  double most = expected.abs().max().item_double();
                  Golden.check("denoising", "bf16", expected, actual, 0.1 * most);
                }));
  }

  @ParameterizedTest
  @EnumSource
  void leaksNothing(Schedule schedule) {
    withModel(
        Configs.TINY_EDIT,
        model ->
            NoLeaks.assertFlat(
                () -> {
                  Settings s = settings(schedule, 2, 1).withPreviews(true);
                  try (Denoising run = start(model, s)) {
                    run.forEachRemaining(x -> assertThat(x.previews()).hasSize(2));
                    assertThat(run.pictures()).hasSize(2);
                  }
                  try (Denoising abandoned = start(model, s)) {
                    assertThat(abandoned.next().number()).isEqualTo(1);
                  }
                }));
  }

  @Test
  void refusesWhatDoesNotFit() {
    withModel(
        Configs.TINY,
        model -> {
          Settings s = settings(Schedule.DDIM, 1, 2);
          TextToImage t2i = new TextToImage(model);
          assertThatThrownBy(() -> t2i.start(states(), EMPTY, s.sized(13, 8)))
              .hasMessage("the picture's size is 13 x 8, should be multiples of 2");
          assertThatThrownBy(() -> t2i.start(states(), new int[3], s))
              .hasMessageContaining("has 3 token ids, should be 5");
          assertThatThrownBy(() -> t2i.start(RandomWeights.tensor(1, 2, 3, 8), EMPTY, s))
              .hasMessageContaining("should be those of one call, (1, 3, 8)");
          assertThatThrownBy(() -> t2i.start(RandomWeights.tensor(1, 1, 4, 8), EMPTY, s))
              .hasMessageContaining("should be (n, 3, 8)");
          assertThatThrownBy(() -> t2i.start(states(), EMPTY, s, List.of()))
              .hasMessage("0 sources of noise for 1 images");
          assertThatThrownBy(() -> new InstructPix2Pix(model))
              .hasMessageContaining("editing needs a UNet of 8 input channels, this one has 4");
        });
    assertThatThrownBy(() -> settings(Schedule.DDIM, 0, 1)).hasMessageContaining("images is 0");
    assertThatThrownBy(() -> settings(Schedule.DDIM, 1, 1).sized(0, 5))
        .hasMessageContaining("0 x 5");
    assertThatThrownBy(() -> new Settings(Schedule.DDIM, 0, 1, 1, 8, 8, 1, 0, false, false))
        .hasMessage("steps is 0, should be at least 1");
    assertThatThrownBy(
            () -> new Settings(Schedule.DDIM, 1, Double.NaN, 1, 8, 8, 1, 0, false, false))
        .hasMessageContaining("guidance is NaN");
  }

  @Test
  void sizesKeepTheAspectRatioAndProvenanceNamesTheSeed() {
    Settings wide = Settings.EDIT.sizedLike(Raster.filled(1000, 500, 0), 512, 8);
    assertThat(wide.width()).isEqualTo(512);
    assertThat(wide.height()).isEqualTo(256);
    Settings small = Settings.EDIT.sizedLike(Raster.filled(101, 3, 0), 512, 8);
    assertThat(small.width()).isEqualTo(96);
    assertThat(small.height()).isEqualTo(8);
    assertThat(settings(Schedule.EULER_ANCESTRAL, 3, 5).provenance("a cat", "", "nano", 2))
        .containsEntry("prompt", "a cat")
        .containsEntry("seed", "7")
        .containsEntry("schedule", "euler-ancestral")
        .containsEntry("steps", "4")
        .containsEntry("guidance", "5.0")
        .containsEntry("model", "nano")
        .doesNotContainKey("negative prompt");
  }
}
