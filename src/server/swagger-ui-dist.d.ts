declare module "swagger-ui-dist/absolute-path.js" {
  /** The folder in which the package's files are. */
  const absolutePath: () => string;
  export = absolutePath;
}
