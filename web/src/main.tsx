import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { NoticeArea } from "./ui/notices.tsx";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/layout.css";
import "./styles/chat.css";
import "./styles/welcome.css";
import "./styles/markdown.css";
import "./styles/code.css";
import "./styles/json.css";
import "./styles/pictures.css";
import "./styles/boxes.css";
import "./styles/tokens-view.css";
import "./styles/tools.css";
import "./styles/composer.css";
import "./styles/media.css";
import "./styles/panels.css";
import "./styles/providers.css";
import "./styles/touch.css";

const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <NoticeArea>
        <App />
      </NoticeArea>
    </StrictMode>,
  );
}
