import './styles/docs.css';

/** The API browser: a page of its own, because the library that draws it is large. */
async function show(): Promise<void> {
  const { default: SwaggerUI } = await import('./swagger_ui');
  SwaggerUI({
    dom_id: '#docs',
    url: '/openapi.json',
    deepLinking: true,
    docExpansion: 'list',
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    tryItOutEnabled: true,
    // The validator is somebody else's server.
    validatorUrl: null,
  });
}

const dark = matchMedia('(prefers-color-scheme: dark)');
const setScheme = (): void => {
  document.documentElement.classList.toggle('dark-mode', dark.matches);
};
dark.addEventListener('change', setScheme);
setScheme();

show().catch(() => {
  const message = document.querySelector('#docs .wait');
  if (message !== null)
    message.textContent = 'The page could not be loaded. Reload it to try again.';
});
