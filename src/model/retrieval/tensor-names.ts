/** Prefix of SigLIP's tensors in published checkpoints. */
export const SIGLIP = "vision_model.vision_model";
