/**
 * What every engine keeps, as tests to inherit from: {@link
 * org.treepo4j.engines.contract.CausalLmContract}, {@link
 * org.treepo4j.engines.contract.BranchingDecoderContract} and {@link
 * org.treepo4j.engines.contract.CausalLmReferenceContract}; a new engine's tests open it in one
 * method.
 */
package org.treepo4j.engines.contract;
