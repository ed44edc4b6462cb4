package dev.visionllm.train;

import dev.visionllm.model.diffusion.LatentDiffusion;
import dev.visionllm.model.gdino.GroundingDino;
import dev.visionllm.model.unipose.UniPose;
import dev.visionllm.nn.Params;
import dev.visionllm.vlm.VisionLlmConfig;

/** The decoders of a model that learns; null where it has none. */
record Decoders(GroundingDino gdino, UniPose unipose, LatentDiffusion sd, LatentDiffusion ip2p) {
  /** Builds what the model's configuration names. */
  static Decoders of(Params root, VisionLlmConfig config) {
    return new Decoders(
        config.gdino() == null ? null : new GroundingDino(root.at("gdino"), config.gdino()),
        config.unipose() == null ? null : new UniPose(root.at("unipose"), config.unipose()),
        config.sd() == null ? null : new LatentDiffusion(root.at("sd"), config.sd()),
        config.ip2p() == null ? null : new LatentDiffusion(root.at("ip2p"), config.ip2p()));
  }
}
