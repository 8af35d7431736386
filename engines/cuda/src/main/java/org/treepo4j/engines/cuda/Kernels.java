package org.treepo4j.engines.cuda;

/**
 * All kernels of a device.
 *
 * @param products of decoders
 * @param training products of passes over trees
 */
record Kernels(
    Products products,
    Products training,
    RowKernels rows,
    TreeAttention treeAttention,
    CacheAttention cacheAttention,
    StepKernels step,
    VocabularyHead head,
    UpdateKernels updates,
    SamplingKernels sampler) {

  /**
   * @throws org.treepo4j.model.EngineUnavailableException when the driver does not take them
   */
  static Kernels of(Device device) {
    Products products = new Products(device);
    Products training = Products.ofTraining(device);
    RowKernels rows = new RowKernels(device);
    return new Kernels(
        products,
        training,
        rows,
        new TreeAttention(device),
        new CacheAttention(device),
        new StepKernels(device),
        new VocabularyHead(device, training, rows),
        new UpdateKernels(device),
        new SamplingKernels(device));
  }
}
